import UnstuckDiagnosis
import UnstuckKernel
import UnstuckModel

/// Two connections side by side, each sampled twice: what moved in the one, and in the other not.
public struct SocketComparison: Sendable, Encodable {
    /// Between both samples.
    public var seconds: Double
    public var a: Subject
    public var b: Subject

    /// One of the two.
    public struct Subject: Sendable, Encodable {
        /// What chose it.
        public var filter: String
        /// As its client sees it.
        public var connection: FourTuple
        public var client: End?
        public var server: End?

        public func end(_ side: Side) -> End? { side == .client ? client : server }
    }

    public enum Side: String, Sendable, CaseIterable { case client, server }

    /// An end on this node.
    public struct End: Sendable, Encodable {
        public var state: String
        /// In the second sample; `nil`: it was gone.
        public var stateAfter: String?
        public var pod: String?
        /// The function that handles its reads, and the one that handles its writes.
        public var recvmsg: String?
        public var sendmsg: String?
        public var owners: [Owner]
        public var values: [Value]
    }

    public struct Owner: Sendable, Encodable {
        public var pid: Int32
        public var command: String
        public var fd: Int32
    }

    /// A ``SocketField`` in both samples.
    public struct Value: Sendable, Encodable {
        public var field: String
        public var before: UInt64?
        /// `nil`: the socket was gone, or it was not read.
        public var after: UInt64?
    }
}

extension SocketComparison {
    /// Chooses both connections, waits, and looks again.
    ///
    /// - Parameters:
    ///   - filters: each of one connection.
    ///   - wait: waits so many seconds.
    /// - Throws: `OperationError` where a filter does not choose exactly one.
    /// - Returns: the comparison, and what could not be read.
    public static func run(
        _ filters: (a: (text: String, filter: SocketFilter), b: (text: String, filter: SocketFilter)),
        observer: NodeObserver, seconds: Double, wait: (Double) -> Void
    ) throws(OperationError) -> (SocketComparison, [MissingEvidence]) {
        let first = observer.sampleSockets()
        let a = try choose(filters.a, in: first)
        let b = try choose(filters.b, in: first)
        wait(seconds)
        let second = observer.sampleSockets()
        let match = SampleMatch(second)
        func subject(_ text: String, _ row: SocketRow) -> Subject {
            Subject(
                filter: text, connection: row.tuple(in: first),
                client: row.client.map { end($0, first, second, match) },
                server: row.server.map { end($0, first, second, match) })
        }
        return (
            SocketComparison(
                seconds: second.monotonic - first.monotonic, a: subject(filters.a.text, a),
                b: subject(filters.b.text, b)), second.missingEvidence
        )
    }

    private static func choose(_ wanted: (text: String, filter: SocketFilter), in sample: SocketSample)
        throws(OperationError) -> SocketRow
    {
        let rows = SocketSelection(filter: wanted.filter).rows(of: sample).filter { row in
            row.ends.contains { sample.sockets[$0].socket.state != .listen }
        }
        guard rows.count == 1, let row = rows.first else {
            let examples = rows.prefix(3).map { "\($0.tuple(in: sample))" }
            let found =
                rows.isEmpty ? "no connection" : "\(rows.count) connections (\(examples.joined(separator: ", ")), …)"
            throw OperationError(
                .notOneConnection, "'\(safeText(wanted.text))' chooses \(found), and one is compared")
        }
        return row
    }

    private static func end(
        _ position: Int, _ first: SocketSample, _ second: SocketSample, _ match: SampleMatch
    ) -> End {
        let view = first.socket(position)
        let later = match.position(of: view.tcp)
        return End(
            state: view.tcp.socket.state.shownName,
            stateAfter: later.map { second.sockets[$0].socket.state.shownName }, pod: view.pod,
            recvmsg: view.handlers?.recvmsg, sendmsg: view.handlers?.sendmsg,
            owners: view.owners.map { Owner(pid: $0.pid, command: $0.command, fd: $0.descriptor) },
            values: SocketField.all.compactMap { field in
                let before = field.value(view.tcp, view.details)
                let after = later.flatMap { field.value(second.sockets[$0], second.details[$0]) }
                guard before != nil || after != nil else { return nil }
                return Value(field: "\(field.name)", before: before, after: after)
            })
    }
}

extension OperationError.Code {
    /// An expression chooses none, or several.
    public static let notOneConnection = Self(rawValue: "not-one-connection")
}

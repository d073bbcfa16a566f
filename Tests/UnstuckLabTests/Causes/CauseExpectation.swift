import Foundation

/// What ss and /proc show of a connection of each case, written down apart from the lab's own checks.
struct CauseExpectation: Sendable {
    /// Both ends as they are listed at one time, and the processes.
    struct Ends {
        var client: ListedSocket?
        var server: ListedSocket?
        var listener: ListedSocket?
        var report: CauseProgram.Report.Connection

        init(_ connection: CauseProgram.Report.Connection) throws {
            report = connection
            let near = try ListedSocket.all(in: connection.clientPid)
            client = near.first { $0.local == connection.client && $0.remote == connection.server }
            guard let pid = connection.serverPid else { return }
            let far = try ListedSocket.all(in: pid)
            server = far.first { $0.local == connection.server && $0.remote == connection.client }
            listener = far.first { $0.state == "LISTEN" && $0.local == connection.server }
        }

        /// The letter of /proc/PID/stat.
        var serverState: Substring? {
            report.serverPid.flatMap { try? String(contentsOfFile: "/proc/\($0)/stat", encoding: .utf8) }
                .flatMap { $0.split(separator: ")").last?.split(separator: " ").first }
        }

        var serverWaitsIn: String {
            report.serverPid.flatMap { try? String(contentsOfFile: "/proc/\($0)/wchan", encoding: .utf8) } ?? ""
        }

        var isIdle: Bool {
            [client, server].allSatisfy {
                $0?.state == "ESTAB" && $0?.receiveQueue == 0 && $0?.sendQueue == 0 && $0?.timer == nil
            }
        }
    }

    /// Whether it is as it must be, now.
    var holds: @Sendable (Ends) -> Bool = { _ in true }
    /// Bytes reach the server, or not.
    var moves = false

    private static func unread(_ ends: Ends) -> Bool {
        ends.client?.state == "ESTAB" && ends.server?.receiveQueue == 34 && ends.server?.inode != 0
    }

    private static func redirected(_ ends: Ends) -> Bool {
        ends.isIdle && ends.client?.number("bytes_sent") == 0 && ends.server?.number("bytes_received") == 0
    }

    private static func shut(_ ends: Ends) -> Bool {
        ends.client?.timer == "persist" && ends.client?.sendQueue ?? 0 > 0 && ends.server?.receiveQueue ?? 0 > 0
    }

    private static func inAcceptQueue(_ ends: Ends) -> Bool {
        ends.listener?.receiveQueue == 1 && ends.server?.inode == 0 && ends.server?.receiveQueue == 34
    }

    private static func retransmits(_ end: ListedSocket?) -> Bool {
        end?.state == "ESTAB" && end?.timer == "on" && end?.sendQueue == 34 && end?.number("backoff") ?? 0 > 0
    }

    private static func served(_ ends: Ends) -> Bool {
        ends.client?.state == "ESTAB" && ends.server?.state == "ESTAB" && ends.client?.sendQueue == 0
    }

    static let all: [String: CauseExpectation] = [
        "app.stopped request": Self { unread($0) && $0.serverState == "T" },
        "app.stopped accelerated": Self { redirected($0) && $0.serverState == "T" },
        "app.stopped paused": Self(moves: true),
        "app.not-reading request": Self { unread($0) && $0.serverState == "S" },
        "app.not-reading bulk": Self { shut($0) },
        "app.not-reading accelerated": Self { redirected($0) && $0.serverState == "S" },
        "app.not-reading futex": Self { unread($0) && ($0.serverWaitsIn.contains("futex") || $0.serverWaitsIn == "0") },
        "app.not-reading slow": Self(holds: { $0.server?.receiveQueue ?? 0 > 0 }, moves: true),
        "app.not-reading busy": Self(moves: true),
        "app.not-reading one-way": Self(moves: true),
        "app.not-reading blocked-pop": Self(holds: { $0.isIdle }),
        "app.not-reading close-wait": Self {
            $0.server?.state == "CLOSE-WAIT" && $0.server?.receiveQueue ?? 0 >= 34 && $0.client?.state == "FIN-WAIT-2"
        },
        "stack.zero-window bulk": Self { shut($0) },
        "stack.zero-window small-buffer": Self { shut($0) && $0.server?.receiveQueue ?? .max < 65536 },
        "stack.zero-window rewritten": Self {
            $0.client?.timer == "persist" && $0.client?.sendQueue ?? 0 > 0 && $0.server?.receiveQueue == 0
        },
        "stack.zero-window slow": Self(holds: { $0.client?.sendQueue ?? 0 > 0 }, moves: true),
        "app.not-accepting request": Self { inAcceptQueue($0) },
        "app.not-accepting futex": Self {
            inAcceptQueue($0) && ($0.serverWaitsIn.contains("futex") || $0.serverWaitsIn == "0")
        },
        "app.not-accepting late": Self(holds: { $0.listener?.receiveQueue == 0 }, moves: true),
        "listener.overflow full": Self {
            $0.client?.state == "ESTAB" && $0.client?.sendQueue == 34 && $0.server?.state == "SYN-RECV"
                && $0.listener?.receiveQueue == 2 && $0.listener?.sendQueue == 1
        },
        "listener.overflow drained": Self { served($0) && $0.listener?.receiveQueue == 0 },
        "listener.defer-accept server-first": Self {
            $0.client?.state == "ESTAB" && $0.client?.sendQueue == 0 && $0.server?.state == "SYN-RECV"
                && $0.listener?.receiveQueue == 0
        },
        "listener.defer-accept client-first": Self { served($0) && $0.client?.number("bytes_received") == 34 },
        "path.loss to-server": Self { retransmits($0.client) && $0.server?.number("bytes_received") == 0 },
        "path.loss to-client": Self { retransmits($0.server) && $0.server?.number("bytes_received") == 34 },
        "path.loss answer": Self {
            retransmits($0.server) && $0.client?.sendQueue == 0 && $0.client?.timer == nil
        },
        "path.loss ends": Self(moves: true),
        "peer.vanished idle": Self {
            $0.client?.state == "ESTAB" && $0.client?.timer == nil && $0.client?.sendQueue == 0
                && $0.report.serverPid == nil && $0.report.serverNetns == nil
        },
        "peer.vanished unacked": Self {
            $0.client?.state == "ESTAB" && $0.client?.timer == "on" && $0.client?.sendQueue == 34
        },
        "peer.vanished idle-peer": Self(holds: { $0.isIdle }),
        "path.neighbour wrong": Self { retransmits($0.client) && $0.server?.number("bytes_received") == 0 },
        "path.neighbour right": Self(moves: true),
        "app.silent request": Self {
            $0.isIdle && $0.server?.number("bytes_received") == 34 && $0.client?.number("bytes_received") == 0
        },
        "app.silent long-query": Self(moves: true),
        "app.silent idle": Self { $0.isIdle && $0.client?.number("bytes_received") == 34 },
    ]
}

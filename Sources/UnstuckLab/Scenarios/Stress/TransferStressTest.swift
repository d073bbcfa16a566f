import CLinuxUAPI
import Glibc
import UnstuckKernel
import UnstuckModel

/// Redirected bytes that are read late, after their connection has ended in one of many ways: whether all of them are still
/// there. Many connections stand at the same time, so that the dead ones among them wait for their readers.
public final class TransferStressTest {
    public struct Result: Codable, Sendable {
        /// Transfers, by how they ended.
        public var endings: [String: Int] = [:]
        public var bytes: UInt64 = 0
        /// Transfers of which bytes are missing or wrong, and how many bytes are missing.
        public var damaged = 0
        public var missingBytes: UInt64 = 0
        public var background = ""
    }

    /// How a transfer ends before its bytes are read.
    private enum Ending: String, CaseIterable {
        /// The client, then the server, sends a FIN.
        case bothHalves = "both half-closed"
        /// The client sends a FIN; the server reads and closes.
        case oneHalf = "half-closed"
        /// The client resets.
        case reset
        /// The server reads a part of it, then both send a FIN.
        case partlyRead = "partly read, then both half-closed"
    }

    private struct Transfer {
        var client: ScenarioSocket
        var server: ScenarioSocket
        var sent: [UInt8]
        var got: [UInt8] = []
    }

    /// Transfers that stand at the same time.
    private static let standing = 64
    private let fixture: Fixture
    public let report: StressTest.Report
    private var random: PseudoRandom
    private var standing: [Transfer] = []
    private var result = Result()

    /// The calling process moves onto a fixture of its own.
    public init(count: Int, seed: UInt64, accelerator: FixtureAccelerator) throws {
        var options = Fixture.Options()
        options.room = 64 + Self.standing * 8
        fixture = try Fixture(options, accelerator: accelerator)
        random = PseudoRandom(seed: seed)
        report = StressTest.Report(code: "transfers", layout: accelerator.name, map: fixture.mapID, count: count)
    }

    /// All transfers; the last ones are left with their bytes unread, for ``finish()``.
    public func run() throws -> Int {
        let families = fixture.accelerator.families
        for number in 0..<report.count {
            if standing.count >= Self.standing {
                // Any of them, so that some wait long and some not at all.
                try finish(standing.remove(at: Int(random.next() % UInt64(standing.count))))
            }
            standing.append(try begin(families[number % families.count]))
        }
        return report.count
    }

    public func finish() throws -> Result {
        while let transfer = standing.popLast() { try finish(transfer) }
        result.background = try fixture.askBackground().rawValue
        return result
    }

    private func begin(_ family: AddressFamily) throws -> Transfer {
        let pair = try fixture.pair(family)
        var transfer = Transfer(client: pair.client, server: pair.server, sent: [])
        for _ in 0...random.next() % 3 {
            let bytes = random.bytes(Int(1 + random.next() % 3000))
            try pair.client.send(bytes)
            transfer.sent += bytes
        }
        let ending = Ending.allCases[Int(random.next() % UInt64(Ending.allCases.count))]
        result.endings[ending.rawValue, default: 0] += 1
        result.bytes += UInt64(transfer.sent.count)
        switch ending {
        case .bothHalves, .partlyRead:
            if ending == .partlyRead {
                transfer.got += try TCP.receive(Int(1 + random.next() % 500), on: pair.server.raw)
            }
            try pair.client.shutdown(Int32(SHUT_WR))
            try pair.server.shutdown(Int32(SHUT_WR))
        case .oneHalf:
            try pair.client.shutdown(Int32(SHUT_WR))
        case .reset:
            try pair.client.reset()
        }
        return transfer
    }

    /// Reads what is left, up to the end of the stream or the reset.
    private func finish(_ transfer: Transfer) throws {
        var got = transfer.got
        reading: while got.count < transfer.sent.count {
            guard transfer.server.waits(for: POLLIN, within: .milliseconds(500)) else { break }
            do throws(SystemError) {
                let more = try TCP.receive(8192, on: transfer.server.raw)
                if more.isEmpty { break reading }
                got += more
            } catch {
                guard error.errno == ECONNRESET else { throw error }
                break reading
            }
        }
        transfer.server.close()
        transfer.client.close()
        guard got != transfer.sent else { return }
        result.damaged += 1
        result.missingBytes += UInt64(max(0, transfer.sent.count - got.count))
    }
}

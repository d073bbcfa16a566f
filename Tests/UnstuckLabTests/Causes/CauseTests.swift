import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckLab

/// Every cause and every control case, made by the program as it is used, and seen from outside by ss and /proc.
@Suite("Causes", .serialized)
struct CauseTests {
    private static let all = Cause.all.flatMap { cause in cause.cases.map { "\(cause.code) \($0.name)" } }

    @Test(arguments: all) func isThereAndLeavesNothing(_ name: String) throws {
        let words = name.split(separator: " ").map(String.init)
        let expected = try #require(CauseExpectation.all[name], "no test knows \(name)")
        let program = try CauseProgram(words[0], case: words[1])
        let report = program.report
        let cause = try #require(Cause.named(words[0]))
        let one = try cause.chooseCase(named: words[1], isControl: false)
        #expect(report.code == words[0] && report.case == words[1])
        #expect(report.control == (one.isControl ? words[1] : nil))
        #expect(program.text.contains("\"control\":"))
        #expect(report.place == cause.place.rawValue)
        #expect((report.map != nil) == (words[1] == "accelerated"))
        #expect(Set(report.connections.map { $0.client.hasPrefix("[2001:db8:") }) == [true, false])

        for connection in report.connections {
            #expect(Self.netns(of: connection.clientPid) == connection.clientNetns)
            if let pid = connection.serverPid { #expect(Self.netns(of: pid) == connection.serverNetns) }
            #expect(Self.netns(of: getpid()) != connection.clientNetns)
            try expectSoon("\(name) is not there") { try expected.holds(CauseExpectation.Ends(connection)) }
            if expected.moves { try expectMoving(connection) }
            if !one.isControl { try expectStanding(connection, words[0]) }
            if one.isControl, !expected.moves {
                let cause = try #require(CauseExpectation.all["\(cause.code) \(cause.cases[0].name)"])
                #expect(try !cause.holds(CauseExpectation.Ends(connection)), "the control case has the cause")
            }
        }

        #expect(try program.end() == 0)
        #expect(report.pids.allSatisfy { kill($0, 0) != 0 && errno == ESRCH })
        #expect(program.cgroups.isEmpty)
    }

    /// However it ends, its processes end with it.
    @Test(arguments: ["app.stopped request", "listener.overflow full", "path.loss to-server"])
    func aKilledRunLeavesNoProcess(_ name: String) throws {
        let words = name.split(separator: " ").map(String.init)
        let program = try CauseProgram(words[0], case: words[1])
        #expect(program.report.pids.allSatisfy { kill($0, 0) == 0 })
        program.kill()
        expectSoon { program.report.pids.allSatisfy { kill($0, 0) != 0 && errno == ESRCH } }
    }

    @Test func everyCauseHasControlCasesAndCasesAreChosenByName() throws {
        #expect(Set(Cause.all.map(\.code)).count == Cause.all.count)
        for cause in Cause.all {
            #expect(try !cause.chooseCase(named: nil, isControl: false).isControl)
            #expect(try cause.chooseCase(named: nil, isControl: true).isControl)
            #expect(Set(cause.cases.map(\.name)).count == cause.cases.count)
            #expect(throws: LabError.self) { try cause.chooseCase(named: "no such case", isControl: false) }
        }
        #expect(throws: LabError.self) { try Cause.stopped.chooseCase(named: "request", isControl: true) }
    }

    /// In networks of its own, which are gone with the thread and the fixture.
    @Test func whatIsNotSoIsNoCause() throws {
        let message = try NamespaceThread.onThread {
            let fixture = try CauseFixture(.routed, isAccelerated: false)
            try fixture.must("links are there") { try fixture.path.router?.links().contains("to-server") == true }
            do {
                try fixture.must("the sky is green", within: .zero) { false }
                return "nothing"
            } catch let error as LabError where error.code == .didNotHappen {
                return error.message
            }
        }
        #expect(message.contains("the sky is green"))
    }

    @Test func rowsOfProcNetTcpAreRead() throws {
        let v4 = try #require(
            SocketRow(
                line:
                    "   2: 8C0200C0:1F90 0A0200C0:C548 01 00000000:00000022 01:00000014 00000003     0        0 14488162 1"
            ))
        #expect("\(v4.local)" == "192.0.2.140:8080" && "\(v4.remote)" == "192.0.2.10:50504")
        #expect(v4.state == .established && v4.receiveQueue == 34 && v4.sendQueue == 0 && v4.inode == 14_488_162)
        #expect(v4.timer == .retransmit && v4.retransmits == 3)
        let v6 = try #require(
            SocketRow(
                line: "   0: B80D012000000A000000000010000000:C5AC B80D012000000B000000000040010000:1F90 03 "
                    + "00000001:00000000 00:00000000 00000000 0 0 0"))
        #expect("\(v6.local)" == "[2001:db8:a::10]:50604" && "\(v6.remote)" == "[2001:db8:b::140]:8080")
        #expect(v6.state == .synReceived && v6.sendQueue == 1 && v6.timer == SocketRow.Timer.none)
        for line in ["", "0: x", "0: 8C0200C0 0A0200C0 01 0 0 0 0 0 0", "0: 8C:1 0A:2 01 0:0 0:0 0 0 0 0"] {
            #expect(SocketRow(line: line) == nil)
        }
    }

    private func expectMoving(_ connection: CauseProgram.Report.Connection) throws {
        let before = try CauseExpectation.Ends(connection).server?.number("bytes_received") ?? 0
        try expectSoon("nothing reaches \(connection.server)") {
            try CauseExpectation.Ends(connection).server?.number("bytes_received") ?? 0 > before
        }
    }

    /// Between two snapshots that are some retransmissions apart no byte arrives at either end.
    private func expectStanding(_ connection: CauseProgram.Report.Connection, _ code: String) throws {
        func received() throws -> [Int?] {
            let ends = try CauseExpectation.Ends(connection)
            return [ends.client?.number("bytes_received"), ends.server?.number("bytes_received")]
        }
        // A receive buffer that still grows takes a little more when its window has shut.
        var before = try received()
        try expectSoon("\(code) moves") {
            Scale.pause(seconds: 0.3)
            let now = try received()
            defer { before = now }
            return now == before
        }
    }

    private static func netns(of process: Int32) -> UInt64? {
        var status = stat()
        guard unsafe stat("/proc/\(process)/ns/net", &status) == 0 else { return nil }
        return UInt64(status.st_ino)
    }
}

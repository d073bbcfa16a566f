import Foundation
import TestSupport
import Testing
import UnstuckLab
import UnstuckModel

/// nginx, which asks FIONREAD, behind a program that only inserts sockets, as Beyla and OBI do: a response that is longer than its
/// buffer is never read where FIONREAD does not count it. Found on the node and from a bundle; and what looks like it is not.
@Suite("nginx behind a sockmap", .serialized)
struct NginxStallTests {
    /// What lab/faults.toml says of this kernel: whether FIONREAD misses the bytes of the stack.
    static let isAffected = Result {
        let table = try FaultTableTests.table.get()
        let fault = try #require(table.fault.first { $0.code == "FIONREAD-nginx" })
        return table.expected(fault, isControl: false, on: FaultTableTests.kernel) == "fionread-stall"
    }

    /// What was found of a scenario's map, live and from a bundle of the same minute.
    struct Seen {
        var status: Int32
        var findings: [JSONValue]
        /// Of connections that are stuck.
        var stuck: [JSONValue] { findings.filter { !$0["connections"].array.isEmpty } }
        var summaries: [String] { findings.map { $0["summary"].text } }
        /// Connections.
        var checked: Double
    }

    /// - Parameter map: `nil`: of the whole node, for connections that are in no sockmap.
    private func look(_ map: UInt32?) throws -> (live: Seen, saved: Seen) {
        let file = FileManager.default.temporaryDirectory.appending(path: "unstuck-nginx-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        let map = map.map { ["--map", "\($0)"] } ?? []
        func seen(_ arguments: [String]) throws -> Seen {
            let output = try Programs.run(Programs.unstuck, ["diagnose", "--output", "json"] + arguments)
            guard !output.text.isEmpty else { throw RealLab.Failure("\(arguments): \(output.errors)") }
            let diagnosis = try JSONValue(output.text)["data"]
            return Seen(
                status: output.status, findings: diagnosis["findings"].array,
                checked: diagnosis["checked"]["connections"].number)
        }
        let live = try seen(map)
        let collected = try Programs.run(Programs.unstuck, ["collect", "--file", file.path] + map)
        #expect(collected.status == 0, "\(collected.errors)")
        return (live, try seen(["--from", file.path]))
    }

    private func run(_ code: String, isControl: Bool, _ body: (ScenarioRunner, ScenarioRun.Next) throws -> Void) throws
    {
        let runner = try ScenarioRunner(code, isControl: isControl, layout: "beyla")
        defer { runner.end() }
        try runner.ask()
        try body(runner, try runner.answer())
    }

    @Test func aResponseThatIsLongerThanItsBuffer() throws {
        let isAffected = try Self.isAffected.get()
        try run("FIONREAD-nginx", isControl: false) { runner, answer in
            let word = isAffected ? "hangs" : "answers"
            #expect(answer.next == AddressFamily.allCases.map { _ in word })
            #expect(runner.report.acts.map(\.entries) == AddressFamily.allCases.map { _ in 1 })
            let (live, saved) = try look(runner.report.map)
            for seen in [live, saved] {
                #expect(seen.status == (isAffected ? 1 : 0))
                #expect(
                    seen.stuck.map { $0["code"].text }
                        == AddressFamily.allCases.compactMap { _ in
                            isAffected ? "sockmap.fionread" : nil
                        }, "\(seen.summaries)")
                #expect(
                    seen.findings.allSatisfy { $0["code"].text == "sockmap.fionread" && isAffected },
                    "\(seen.summaries)")
                for finding in seen.stuck {
                    #expect(finding["severity"].text == "critical")
                    // It was asked of nginx's own socket, and what was answered is in the bundle, too.
                    #expect(finding["certainty"].text == "likely")
                    #expect(finding["subject"]["holders"][0]["command"].text == "nginx")
                    let rows = finding["connections"].array
                    #expect(rows.allSatisfy { $0["place"]["side"].text == "client" && $0["bytes"].number > 30_000 })
                }
                let found = Set(seen.stuck.flatMap { $0["connections"].array }.map { $0["client"].text })
                #expect(found == Set(isAffected ? runner.report.acts.map { "\($0.tuple.local)" } : []))
            }
        }
    }

    @Test func theSameInNoSockmap() throws {
        try run("FIONREAD-nginx", isControl: true) { runner, answer in
            #expect(answer.next == AddressFamily.allCases.map { _ in "answers" })
            try nothing(runner)
        }
    }

    /// A client that reads slowly: what it has not read waits in nginx, or in its own queue, and goes on.
    @Test(arguments: [false, true])
    func aSlowClient(isControl: Bool) throws {
        try run("nginx-slow", isControl: isControl) { runner, answer in
            #expect(answer.next == AddressFamily.allCases.map { _ in "answers" })
            // In a sockmap it may stall yet, on a kernel that does: that is said, and nothing is stuck.
            guard !isControl, try Self.isAffected.get() else { return try nothing(runner) }
            let (live, saved) = try look(runner.report.map)
            for seen in [live, saved] {
                #expect(seen.stuck.isEmpty, "\(seen.summaries)")
                #expect(seen.findings.map { $0["severity"].text } == ["warning"], "\(seen.summaries)")
            }
            try runner.ask()
            #expect(try runner.answer().next == AddressFamily.allCases.map { _ in "answers" })
        }
    }

    /// Nothing is found of nginx, its clients and its server, whatever else the node has.
    private func nothing(_ runner: ScenarioRunner) throws {
        let (live, saved) = try look(nil)
        for seen in [live, saved] {
            #expect(seen.checked > 0)
            let about = seen.findings.filter { finding in
                let ends = finding["connections"].array.flatMap { [$0["client"].text, $0["server"].text] }
                return finding["subject"]["holders"].array.contains { $0["command"].text == "nginx" }
                    || ends.contains { $0.hasSuffix(":8082") || $0.hasSuffix(":8083") }
            }
            #expect(about.map { $0["summary"].text } == [])
        }
    }
}

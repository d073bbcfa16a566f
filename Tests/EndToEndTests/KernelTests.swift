import Foundation
import TestSupport
import Testing
import UnstuckLab

/// The same story inside every kernel of the lab: a listener closes on unaccepted children, and a server keeps the
/// descriptor of a connection that was reset. What must happen is in lab/kernels.toml.
@Suite("Other kernels", .serialized, .requires(.emulator))
struct KernelTests {
    static let names = ["5.10.218", "5.10", "6.1", "6.12", "sid"]

    @Test func everyListedKernelIsTested() throws {
        #expect(try KernelCatalogue(path: "lab/kernels.toml").kernel.map(\.name) == Self.names)
    }

    @Test(arguments: names)
    func foundExplainedAndRepaired(_ name: String) throws {
        let provides = try KernelCatalogue(path: "lab/kernels.toml")[name].provides
        let results = "/tmp/unstuck-kernel-test-\(getpid())-\(name)"
        defer { try? FileManager.default.removeItem(atPath: results) }
        let script = """
            export UNSTUCK_POD_LOGS=/run/unstuck-lab/lab/log/pods
            check() { unstuck-lab exec -- unstuck probe http://203.0.113.10:8080/healthz --source-port 50504 >&2; }
            unstuck-lab up >&2 || exit 90
            check; passes=$?
            unstuck-lab break leak --pod shop/web-0 --count 20 --output json >/tmp/leak.json || exit 91
            sleep 1.1
            unstuck-lab break zombie --pod shop/web-0 --output json >/tmp/zombie.json || exit 92
            check; hangs=$?
            unstuck diagnose --output json >/tmp/found.json; found=$?
            unstuck repair --apply --force --discard-unread --output json >/tmp/repaired.json; repaired=$?
            unstuck diagnose --output json >/tmp/after.json; after=$?
            check; again=$?
            unstuck-lab down >&2 || exit 93
            echo "$passes $hangs $found $repaired $after $again"
            """
        let files = ["leak", "zombie", "found", "repaired", "after"]
        let run = try Programs.run(
            Programs.lab,
            ["boot", name, "--program", "bash", "--program", "sleep", "--results", results]
                + files.flatMap { ["--collect", "/tmp/\($0).json"] } + ["--", "bash", "-c", script])
        #expect(run.status == 0, "\(run.errors.suffix(4000))")
        let told = Dictionary(
            uniqueKeysWithValues: try files.map {
                ($0, try JSONValue(String(contentsOfFile: "\(results)/\($0).json", encoding: .utf8)))
            })
        // The check passes, hangs, is found, is repaired, is clean, passes.
        #expect(run.text == "0 1 1 0 0 0\n", "\(run.errors.suffix(4000))")
        let leaked = provides.contains(.leak) ? 20.0 : 0
        #expect(told["leak"]?["fault"]["entriesLeft"].number == leaked)
        #expect(told["zombie"]?["fault"]["entriesLeft"].number == 1)
        let codes = Set(told["found"]?["data"].codes ?? [])
        #expect(codes.contains("sockmap.leaked") == provides.contains(.leak), "\(codes)")
        #expect(codes.contains("sockmap.zombie"), "\(codes)")
        let outcomes = told["repaired"]?["data"]["deletions"].array.map { $0["outcome"].text } ?? []
        #expect(outcomes == Array(repeating: "deleted", count: Int(leaked) + 1))
        #expect(told["after"]?["data"].codes == [])
    }
}

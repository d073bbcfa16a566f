import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckLab
import UnstuckModel

@testable import UnstuckProbing

/// `unstuck kernel canary` against what the fault table says of the kernel that the test runs on.
@Suite("The canary", .serialized)
struct CanaryTests {
    /// Emulated processors need longer; that it takes well under two seconds on real ones is reported, not tested.
    private static let deadline = ["--deadline", Scale.of("10", small: "120")]

    /// One canary for two tests: under emulation each takes long.
    private static let first = Result {
        (before: try Traces(), output: try output([]))
    }

    private static func output(_ arguments: [String]) throws -> Programs.Output {
        let output = try Programs.run(
            Programs.unstuck, ["kernel", "canary", "--output", "json"] + deadline + arguments)
        guard !output.text.isEmpty else { throw RealLab.Failure("canary: \(output.status) \(output.errors)") }
        return output
    }

    private func canary(_ arguments: [String] = []) throws -> (status: Int32, report: JSONValue) {
        let output = try Self.output(arguments)
        return (output.status, try JSONValue(output.text)["data"])
    }

    @Test func saysWhatTheFaultTableSays() throws {
        let table = try FaultTable(path: "lab/faults.toml")
        func outcome(_ code: String) throws -> FaultTable.Outcome {
            let fault = try #require(table.fault.first { $0.code == code })
            return try #require(table.outcome[table.expected(fault, isControl: false, on: FaultTableTests.kernel)])
        }
        let expected = [
            "leak": try outcome("P1").left.contains("leaked"), "zombie": try outcome("Z1").left.contains("zombie"),
            "fionread": try outcome("FIONREAD").next == "counts-none",
            "fionread-stack": try outcome("FIONREAD-stack").next == "counts-none",
            "splice": try outcome("splice").next == "sees-none",
            "eagain-shutdown": try outcome("EAGAIN-shutdown").next == "eagain",
            "eagain-signal": try outcome("EAGAIN-signal").next == "eagain",
            "eagain-stop": try outcome("EAGAIN-stop").next == "eagain",
        ]
        let output = try Self.first.get().output
        let report = try JSONValue(output.text)["data"]
        let trials = report["trials"].array
        #expect(Set(trials.map { $0["fault"].text }) == Set(expected.keys))
        for trial in trials {
            let fault = trial["fault"].text
            #expect(
                trial["word"].text == (expected[fault] == true ? "present" : "absent"),
                "\(fault): \(trial["evidence"].array.map(\.text))")
        }
        #expect(output.status == 1)
    }

    @Test func leavesNothing() throws {
        #expect(try Self.first.get().before.areLeft())
    }

    /// Anyone who started it is killed: it ends by itself, and cleans up.
    @Test func leavesNothingBehindAKilledParent() throws {
        let before = try Traces()
        for milliseconds in [5, 20, 60] {
            let running = try Programs.start(Programs.unstuck, ["kernel", "canary"] + Self.deadline)
            usleep(UInt32(Scale.of(milliseconds, small: milliseconds * 10)) * 1000)
            kill(running.pid, SIGKILL)
            _ = try? running.wait()
        }
        #expect(try before.areLeft())
    }

    @Test func refusesWhereOthersLook() throws {
        let accelerator = try ForeignAccelerator()
        let (status, report) = try canary()
        #expect(status == 2)
        #expect(report["isRefused"].number == 1)
        #expect(report["trials"].array.isEmpty)
        #expect(report["foreign"].array.contains { $0["name"].text == "file_socket" })
        #expect(try accelerator.keysOfTheGone().isEmpty)
    }

    @Test func takesItsKeysOutAgain() throws {
        let accelerator = try ForeignAccelerator()
        let (_, report) = try canary(["--remove-own-keys"])
        #expect(report["trials"].array.count == 8)
        #expect(report["keysLeft"].number == 0)
        // Only a kernel that leaks leaves any to be taken out.
        #expect((report["removedKeys"].number > 0) == (try KernelUnderTest.provides(.leak)))
        #expect(try accelerator.keysOfTheGone().isEmpty)
    }

    /// An accelerator of another, for the sockets of every control group.
    private struct ForeignAccelerator {
        private let object: BPFObject
        private let link: Link
        private final class Link {
            let link: BPFLink
            init(_ link: consuming BPFLink) { self.link = link }
        }

        init() throws {
            object = try BPFObject(embedded: canaryObject, name: "unstuck_foreign")
            try object.load()
            let root = try OwnedDescriptor(
                path: try NodeRoot().directory(ofCgroup: "/"), flags: O_RDONLY | O_DIRECTORY)
            link = Link(try object.program("file_socket").attach(toGroup: root))
        }

        /// What is inserted of sockets in a namespace that nobody lives in any more: others on the machine connect too.
        func keysOfTheGone() throws -> [SockmapKey] {
            guard let open = try BPFTable.openSockmap(id: try object.map("canary").id()) else { return [] }
            let lived = Set(
                directoryNames("/proc").compactMap { Int32($0) }.compactMap { inodeNumber("/proc/\($0)/ns/net") })
            return try SockmapObserver().entries(of: open).filter { !lived.contains(UInt64($0.socket.netns)) }.map(
                \.key)
        }
    }

    /// What a canary could leave.
    private struct Traces: Sendable {
        var maps: Set<Double>
        var programs: Set<Double>
        var links: Set<Double>
        var groups: Set<String>
        var namespaces: Set<String>

        init() throws {
            func ids(_ what: String) throws -> Set<Double> {
                Set(
                    try JSONValue(try Programs.run("bpftool", ["-j", what, "show"]).text).array.map { $0["id"].number })
            }
            (maps, programs, links) = (try ids("map"), try ids("prog"), try ids("link"))
            let mount = try NodeRoot().directory(ofCgroup: "/")
            groups = Set(directoryNames(mount).filter { $0.hasPrefix("unstuck-canary") })
            namespaces = Set(
                directoryNames("/proc").compactMap { Int32($0) }.compactMap { linkTarget("/proc/\($0)/ns/net") })
        }

        /// Whether nothing has been added to it. The kernel frees some a moment later.
        func areLeft() throws -> Bool {
            for _ in 0..<100 {
                let now = try Traces()
                // Something of an earlier test may have gone meanwhile.
                if now.maps.isSubset(of: maps), now.programs.isSubset(of: programs), now.links.isSubset(of: links),
                    now.groups.isSubset(of: groups), now.namespaces.isSubset(of: namespaces)
                {
                    return true
                }
                usleep(100_000)
            }
            return false
        }
    }
}

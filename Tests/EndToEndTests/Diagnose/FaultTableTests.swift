import Foundation
import Testing
import UnstuckLab

/// Every fault of lab/faults.toml and its control case, for IPv4 and IPv6, on the kernel that runs this: what it leaves,
/// what it does to the next connection, what Unstuck finds, deletes and repairs.
@Suite("Fault table", .serialized)
struct FaultTableTests {
    typealias Cell = FaultTableRun.Cell

    static let table = Result { try FaultTable(path: "lab/faults.toml") }
    static let cells: [Cell] = ((try? table.get())?.fault ?? []).flatMap { fault in
        [Cell(code: fault.code, isControl: false), Cell(code: fault.code, isControl: true)]
    }
    /// The kernel that runs this, as lab/faults.toml names it.
    static let kernel = ProcessInfo.processInfo.environment["UNSTUCK_KERNEL"] ?? "machine"
    /// The whole table, run once for all tests of this process.
    static let run = Result { try FaultTableRun(cells) }

    @Test func everyFaultIsListedAndCanBePlayed() throws {
        #expect(try Set(Self.table.get().fault.map(\.code)) == Set(Scenario.all.map(\.code)))
        let kernels = try KernelCatalogue(path: "lab/kernels.toml").kernel.map(\.name) + ["machine", "default"]
        for fault in try Self.table.get().fault {
            #expect(Set(fault.outcome.keys).isSubset(of: kernels), "\(fault.code)")
        }
    }

    @Test func theMatrixIsMadeFromTheTable() throws {
        let kernels = try KernelCatalogue(path: "lab/kernels.toml").kernel.map(\.name) + ["machine"]
        #expect(
            try String(contentsOfFile: "docs/support-matrix.md", encoding: .utf8)
                == Self.table.get().markdown(kernels: kernels), "run: make matrix")
    }

    @Test(arguments: cells)
    func comesToWhatTheTableSays(_ cell: Cell) throws {
        let table = try Self.table.get()
        let fault = try #require(table.fault.first { $0.code == cell.code })
        let name = table.expected(fault, isControl: cell.isControl, on: Self.kernel)
        let expected = try #require(table.outcome[name])
        // Where Unstuck failed on all of them at once, which fails the next test, the one that it fails on shows itself.
        let run = try (try? Self.run.get()) ?? FaultTableRun([cell])
        let seen = try #require(run.cells[cell]).get()

        try #require(seen.acts.count == AddressFamily.allCases.count)
        for act in seen.acts {
            #expect(act.left == expected.left, "\(act.tuple)")
            // The kernel's keys by a plain walk, held against what Unstuck shows of them.
            #expect(act.entriesShown == act.entries, "\(act.tuple)")
            #expect(act.found == expected.finds, "\(act.tuple)")
            #expect(act.deleted == (expected.deletes ? ["deleted"] : []), "\(act.tuple)")
            #expect(act.foundAfter == (expected.deletes ? [] : expected.finds), "\(act.tuple)")
        }
        #expect(seen.before.next == [expected.next, expected.next])
        let next = expected.deletes ? "answers" : expected.next
        #expect(seen.after.next == [next, next])
        // Live connections in the same map, read and repaired around all the while.
        #expect([seen.before.background, seen.after.background] == ["answers", "answers"])
    }

    /// A scenario that cannot be run takes no other down.
    @Test(.requires(.native)) func aScenarioThatCannotBeRunFailsAlone() throws {
        let (sound, broken) = (Cell(code: "Z1", isControl: false), Cell(code: "none", isControl: false))
        let run = try FaultTableRun([broken, sound])
        let error = #expect(throws: RealLab.Failure.self) { try run.cells[broken]?.get() }
        #expect(error?.description.contains("none could not be run") == true)
        #expect(try run.cells[sound]?.get().acts.map(\.found.isEmpty) == [false, false])
        #expect(run.statuses == [1, 0, 0] && run.misplaced.isEmpty)
    }

    /// What is wrong with one scenario fails its own case above, and not this.
    @Test func whatUnstuckSaidAsAWhole() throws {
        let run = try Self.run.get()
        #expect(run.statuses == run.statusesByContents, "1 where something is listed, 0 where everything was deleted")
        #expect(run.unknown == [])
        #expect(run.misplaced == [], "findings and deletions that are about none of the faults")
    }
}

import CLibBPF
import Foundation
import Glibc
import TestSupport
import Testing
import UnstuckKernel

/// `unstuck bypass` over the lab's accelerator, while its connections live.
@Suite("The bypass", .serialized, .requires(.zombie))
struct BypassTests {
    @Test(.requires(.thorough)) func nothingIsLostAndAllComesBack() throws {
        let lab = try BypassedLab("b1")
        let connections = Scale.of(200, small: 15)
        let steady = try lab.load(connections: connections)
        // New ones all the time, also while the programs are exchanged.
        let churning = try lab.load(connections: Scale.of(10, small: 3), ["--churn", "5"])
        let filed = try lab.entries(atLeast: connections * 2)
        #expect(filed >= connections * 2)
        let before = try lab.attached()

        for _ in 0..<Scale.of(10, small: 3) {
            let on = try lab.bypass("on")
            #expect(on["places"][0]["condition"].text == "bypassed")
            #expect(try lab.attached() != before)
            let off = try lab.bypass("off")
            #expect(off["places"][0]["condition"].text == "original")
            #expect(off["places"][0]["now"].array.map(\.number) == off["places"][0]["before"].array.map(\.number))
            #expect(try lab.attached() == before)
        }

        // While it is on, what is new is plain; what was there goes on through the map.
        _ = try lab.bypass("on")
        try lab.clean(churning)
        // Its servers' ends close a moment after it has ended.
        var first = 0
        try expectSoon {
            let before = first
            usleep(200_000)
            first = try lab.entries()
            return first == before
        }
        let fresh = try lab.load(connections: 20)
        try expectSoon { try lab.status()["places"][0]["notInserted"].number >= 40 }
        #expect(try lab.entries() == first)
        #expect(first >= connections * 2)
        #expect(try lab.status()["liveEntries"].number == Double(first))
        _ = try lab.bypass("off")
        try lab.clean(fresh)
        let accelerated = try lab.load(connections: 20)
        #expect(try lab.entries(atLeast: first + 40) >= first + 40)
        try lab.clean(accelerated)
        try lab.clean(steady)
        #expect(try lab.attached() == before)
        #expect(!lab.hasPins)
        try lab.lab.down()
    }

    /// What it is for.
    @Test(arguments: StoryTests.families)
    func theBleedingStops(_ family: String, _ address: String) throws {
        let lab = try BypassedLab("b2\(family)")
        _ = try lab.lab.breakIt(["zombie", "--pod", "shop/web-0", "--family", family])
        #expect(try lab.lab.hangingProbe(address, port: 50504).status == 1)
        let on = try lab.bypass("on")
        #expect(on["staleEntries"].number == 1)
        #expect(try lab.lab.probe(address, port: 50504).status == 0)
        // The stale entry is there still: the tradeOff of putting the accelerator back without a repair.
        _ = try lab.bypass("off")
        #expect(try lab.lab.hangingProbe(address, port: 50504).status == 1)
        try lab.lab.down()
    }

    /// Exclusive, with BPF_F_ALLOW_OVERRIDE, among others with BPF_F_ALLOW_MULTI, and held by a link.
    @Test func everyKindOfAttachment() throws {
        let lab = try BypassedLab("b3")
        let held = try BPFTable.Loaded(id: try #require(try lab.node.list().ids.first))
        let others = try (0..<3).map { try TrivialProgram(BPF_PROG_TYPE_SOCK_OPS, "other_\($0)") }
        let groups = try ["exclusive", "override", "multi", "link"].map { try lab.group($0) }
        try groups[0].attach(held.descriptor, 0)
        try groups[1].attach(held.descriptor, UInt32(BPF_F_ALLOW_OVERRIDE))
        for program in [others[0].descriptor, held.descriptor, others[1].descriptor] {
            try groups[2].attach(program, UInt32(BPF_F_ALLOW_MULTI))
        }
        let link = try groups[3].link(held.descriptor)
        try groups[3].attach(others[2].descriptor, UInt32(BPF_F_ALLOW_MULTI))
        let before = try groups.map { try $0.list() }
        #expect(before.map(\.mode) == [nil, "override", "multi", "multi"])

        let on = try lab.bypass("on")
        #expect(on["places"].array.count == 5)
        let during = try groups.map { try $0.list() }
        let shims = Dictionary(
            on["places"].array.map { ($0["cgroup"].text, UInt32($0["shim"].number)) },
            uniquingKeysWith: { a, _ in a })
        for (group, (list, old)) in zip(groups, zip(during, before)) {
            let shim = try #require(shims[group.path])
            #expect(list.mode == old.mode)
            #expect(list.ids == old.ids.map { $0 == held.id ? shim : $0 })
        }
        let off = try lab.bypass("off")
        #expect(off["places"].array.allSatisfy { $0["condition"].text == "original" })
        #expect(try groups.map { try $0.list() } == before)
        #expect(try link.program() == held.id)
        withExtendedLifetime(link) {}
        for group in groups { group.remove() }
        try lab.lab.down()
    }

    @Test(.requires(.native)) func theTimeIsOver() throws {
        let lab = try BypassedLab("b4")
        let before = try lab.attached()
        let on = try lab.bypass("on", ["--for", "8s"])
        let begin = ContinuousClock.now
        let keeper = Int32(on["keeper"].number)
        #expect(kill(keeper, 0) == 0)
        #expect(try lab.attached() != before)
        // Set anew: the same process goes by the new time.
        #expect(Int32(try lab.bypass("on", ["--for", "16s"])["keeper"].number) == keeper)
        while ContinuousClock.now < begin + .seconds(8.5) { usleep(10_000) }
        #expect(try lab.attached() != before)
        try expectSoon { try lab.attached() == before && !lab.hasPins }
        expectSoon { kill(keeper, 0) != 0 }
        try lab.lab.down()
    }

    /// Killed at any moment of turning on: when the time is over the list is as it was, and nobody had to come.
    @Test(.requires(.thorough)) func killedInTheMiddle() throws {
        let lab = try BypassedLab("b5")
        let before = try lab.attached()
        let begin = ContinuousClock.now
        _ = try lab.bypass("on")
        let whole = ContinuousClock.now - begin  // of turning it on, undisturbed
        _ = try lab.bypass("off")
        // Time enough to see what stands.
        let time = "\(Int(whole / .seconds(1)) * 4 + 2)s"
        let rounds = Scale.of(9, small: 5)
        var standing = 0
        for round in 1...3 * rounds where round <= rounds || standing == 0 {
            let delay = whole * round / rounds
            let running = try lab.start("on", ["--for", time])
            usleep(UInt32(delay / .microseconds(1)))
            kill(running.pid, SIGKILL)
            _ = try running.wait()
            if try lab.attached() != before { standing += 1 }
            try expectSoon("killed after \(delay)") { try lab.attached() == before }
            // What undoes it may be at it still: that is waited for.
            let off = try lab.unstuck(["bypass", "off", "--map", "\(lab.map)"])
            #expect(off.status == 0, "killed after \(delay): \(off.errors)\(off.text)")
            #expect(!lab.hasPins)
        }
        #expect(standing > 0)
        try lab.lab.down()
    }

    /// Everything of ours is killed: the shim itself passes through when the time is over.
    @Test(.requires(.thorough)) func nobodyIsLeftToUndoIt() throws {
        let lab = try BypassedLab("b6")
        let before = try lab.attached()
        func onWithoutKeeper(for time: String) throws {
            let on = try lab.bypass("on", ["--for", time])
            kill(Int32(on["keeper"].number), SIGKILL)
        }
        // Long enough to see what it does; then set anew, to what is worth waiting for.
        try onWithoutKeeper(for: "600s")
        let plain = try lab.load(connections: 5)
        try expectSoon { try lab.status()["places"][0]["notInserted"].number >= 10 }
        #expect(try lab.entries() == 0)
        try onWithoutKeeper(for: "\(Scale.of(4, small: 15))s")
        try expectSoon { try lab.status()["places"][0]["condition"].text == "passingThrough" }
        let accelerated = try lab.load(connections: 5)
        #expect(try lab.entries(atLeast: 10) == 10)
        #expect(try lab.attached() != before)
        let off = try lab.bypass("off")
        #expect(off["places"][0]["condition"].text == "original")
        #expect(try lab.attached() == before)
        try lab.clean(plain)
        try lab.clean(accelerated)
        try lab.lab.down()
    }

    /// What was accelerated before goes on, and dies as before: a guard that is begun now sees it. One that was there before
    /// may go: it is nobody else's change.
    @Test(.requires(.native)) func guardsComeAndGo() throws {
        let lab = try BypassedLab("b13")
        let before = try lab.attached()
        func guarded(_ verb: String, _ options: [String] = []) throws -> JSONValue {
            let output = try lab.unstuck(["guard", verb, "--map", "\(lab.map)", "--output", "json"] + options)
            try #require(output.status == 0, "\(output.errors)")
            return try JSONValue(output.text)["data"][0]
        }
        for isFirst in [false, true] {
            if isFirst { _ = try guarded("up", ["--pin"]) }
            _ = try lab.bypass("on")
            if !isFirst { #expect(try guarded("up", ["--pin"])["paths"].array.map(\.text) == ["sock_ops"]) }
            if isFirst { _ = try guarded("down") }
            let off = try lab.bypass("off")
            #expect(off["places"][0]["condition"].text == "original")
            #expect(off["places"][0]["now"].array.map(\.number) == off["places"][0]["before"].array.map(\.number))
            if !isFirst { _ = try guarded("down") }
            // What a link held goes some time after the link.
            try expectSoon { try lab.attached() == before }
        }
        try lab.lab.down()
    }

    /// An accelerator that was started anew meanwhile stays, and its predecessor does not come back.
    @Test(.requires(.native)) func startedAnewMeanwhile() throws {
        let lab = try BypassedLab("b7")
        let original = try BPFTable.Loaded(id: try #require(try lab.node.list().ids.first))
        let exclusive = try lab.group("exclusive")
        try exclusive.attach(original.descriptor, 0)
        _ = try lab.bypass("on")
        let successor = try TrivialProgram(BPF_PROG_TYPE_SOCK_OPS, original.name)
        let id = successor.id
        try lab.node.attach(successor.descriptor, UInt32(BPF_F_ALLOW_MULTI))
        try exclusive.attach(successor.descriptor, 0)  // takes the shim's place
        #expect(try lab.status()["places"][0]["restarted"].array.map(\.number) == [Double(id)])

        let off = try lab.unstuck(["bypass", "off", "--map", "\(lab.map)", "--output", "json"])
        #expect(off.status == 1)
        let places = try JSONValue(off.text)["data"][0]["places"].array
        #expect(places.map { $0["condition"].text } == ["changed", "changed"])
        #expect(try lab.node.list().ids == [id])
        #expect(try exclusive.list().ids == [id])
        #expect(!lab.hasPins)
        exclusive.remove()
        try lab.lab.down()
    }

    @Test(.requires(.native)) func whatItRefuses() throws {
        let lab = try BypassedLab("b8")
        let nobodys = try TestMap()
        let refused = try lab.unstuck(["bypass", "on", "--map", "\(nobodys.id)"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("no sock_ops program uses it"))
        #expect(try lab.unstuck(["bypass", "on", "--map", "\(lab.map)", "--for", "soon"]).status == 64)
        #expect(try lab.unstuck(["bypass", "on", "--map", "no_such_map"]).status == 2)
        let none = try lab.unstuck(["bypass", "off", "--map", "\(lab.map)"])
        #expect(none.status == 0)
        #expect(none.text == "nothing was bypassed\n")
        #expect(!FileManager.default.fileExists(atPath: "/run/unstuck/bypass/\(nobodys.id).json"))
        try lab.lab.down()
    }

    /// Anyone who cannot see where things are undoes nothing, and takes nothing away that is needed to undo it.
    @Test(.requires(.native)) func whatCannotBeSeenIsKept() throws {
        let lab = try BypassedLab("b10")
        let before = try lab.attached()
        _ = try lab.bypass("on")
        let during = try lab.attached()
        // In a cgroup namespace of its own the node's cgroups are not there.
        let group = try lab.group("inside")
        let script = """
            echo 0 >'\(group.directory)/cgroup.procs' && exec unshare --cgroup --mount bash -c \
            "umount -l '\(lab.mount)' && mount -t cgroup2 none '\(lab.mount)' && exec '\(Programs.unstuck)' bypass off"
            """
        let inside = try Programs.run("bash", ["-c", script])
        group.remove()
        #expect(inside.status == 2, "\(inside.text)\(inside.errors)")
        #expect(inside.errors.contains("not all cgroups are seen from here"))
        #expect(try lab.attached() == during)
        #expect(lab.hasPins)

        // The record is gone, the shim is not.
        let record = "/run/unstuck/bypass/\(lab.map).json"
        let kept = try Data(contentsOf: URL(filePath: record))
        for content in [nil, Data("{}".utf8)] {
            try FileManager.default.removeItem(atPath: record)
            try content?.write(to: URL(filePath: record))
            for verb in ["off", "on"] {
                let refused = try lab.unstuck(["bypass", verb, "--map", "\(lab.map)"])
                #expect(refused.status == 2)
                #expect(refused.errors.contains("the record \(record) cannot be read"))
            }
            #expect(try lab.attached() == during)
            #expect(lab.hasPins)
            if content == nil { try kept.write(to: URL(filePath: record)) }
        }
        try kept.write(to: URL(filePath: record))
        _ = try lab.bypass("off")
        #expect(try lab.attached() == before)
        try lab.lab.down()
    }

    /// Another's program beside the shim is nobody's successor, and stays.
    @Test(.requires(.native)) func othersCome() throws {
        let lab = try BypassedLab("b11")
        let before = try lab.node.list().ids
        _ = try lab.bypass("on")
        let other = try TrivialProgram(BPF_PROG_TYPE_SOCK_OPS, "other")
        try lab.node.attach(other.descriptor, UInt32(BPF_F_ALLOW_MULTI))
        let off = try lab.bypass("off")
        #expect(off["places"][0]["condition"].text == "original")
        #expect(try lab.node.list().ids == before + [other.id])
        try lab.lab.down()
    }

    /// Two of the map's programs in one cgroup.
    @Test(.requires(.native)) func twoInOneCgroup() throws {
        let lab = try BypassedLab("b12")
        guard let map = try BPFTable.openSockmap(id: UInt32(lab.map)) else { throw RealLab.Failure("no map") }
        let second = try TrivialProgram(BPF_PROG_TYPE_SOCK_OPS, "second", using: map.descriptor.raw)
        try lab.node.attach(second.descriptor, UInt32(BPF_F_ALLOW_MULTI))
        let before = try lab.node.list()
        let on = try lab.bypass("on")
        #expect(on["places"].array.count == 2)
        #expect(try Set(lab.node.list().ids).isDisjoint(with: before.ids))
        _ = try lab.bypass("off")
        #expect(try lab.node.list() == before)
        try lab.lab.down()
    }

    /// Waits for what is accelerated; nothing is cut.
    @Test(.requires(.native)) func drained() throws {
        let lab = try BypassedLab("b9")
        let live = try lab.load(connections: 5)
        _ = try lab.entries(atLeast: 10)
        let short = try lab.unstuck([
            "bypass", "on", "--map", "\(lab.map)", "--established", "drain", "--drain-for", "1s", "--output", "json",
        ])
        #expect(short.status == 1)
        #expect(try JSONValue(short.text)["data"][0]["liveEntries"].number == 10)
        let waiting = try lab.start("on", ["--established", "drain"])
        Scale.pause(seconds: 1)
        #expect(waiting.isRunning)
        try lab.clean(live)
        #expect(try waiting.wait().status == 0)
        _ = try lab.bypass("off")
        try lab.lab.down()
    }
}

import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckLab

/// Labs on this machine's own kernel. One after the other: two cores are few.
@Suite(.serialized, .requires(.native)) struct RealLabTests {
    @Test func everyHostReachesEveryPodOverBothFamilies() throws {
        try withLab("a") { (lab) throws in
            for from in ["node", "remote", "shop/client-0", "shop/web-1", "shop/web-0"] {
                for family in AddressFamily.allCases {
                    #expect(try lab.get("shop/web-0", from: from, family: family) == "answered", "\(from) \(family)")
                }
            }
            #expect(try lab.becomesEmpty())
        }
    }

    @Test func aLabIsRefusedOverAnotherUnlessItIsToReplaceIt() throws {
        try withLab("b") { (lab) throws in
            #expect(throws: LabError.self) { try lab.up() }
            #expect(try lab.get("shop/web-0") == "answered", "the refused up must leave the lab alone")
            var options = UpOptions()
            options.replace = true
            try lab.up(options)
            #expect(try lab.get("shop/web-0") == "answered")
        }
    }

    @Test func withoutAnAcceleratorNothingIsMountedOrFiled() throws {
        var options = UpOptions()
        options.accelerator = false
        try withLab("c", options) { (lab) throws in
            #expect(try lab.state()?.accelerator == nil)
            #expect(!MountTable.current().mounts.contains { $0.folder == lab.layout.bpffs })
            #expect(try lab.load("shop/web-0", ["--seconds", "0.5"]).isClean)
            // Without a sockmap the same fault is harmless.
            let fault = try lab.breakZombie(ZombieFault(pod: try lab.host("shop/web-0").id))
            #expect(fault.entriesLeft == nil)
            #expect(try lab.get("shop/web-0", port: 50504) == "answered")
        }
    }

    @Test func downTwiceIsNoError() throws {
        let lab = try Lab.ofTest("d")
        try lab.up()
        #expect(!(try lab.down()).isEmpty)
        #expect(try lab.down().isEmpty)
        #expect(lab.leftovers().isEmpty)
    }

    /// At whatever moment `up` is killed.
    @Test func downRemovesWhatAKilledUpLeft() throws {
        let lab = try Lab.ofTest("e")
        let arguments = [lab.program, "up", "--lab", lab.name]
        let begin = ContinuousClock.now
        #expect(try Child.run(arguments).status == 0)
        let whole = ContinuousClock.now - begin
        try lab.down()
        var sawHalfBuilt = false
        let moments = Scale.of(16, small: 6)
        for moment in 1...moments {
            let up = try Child(arguments)
            let milliseconds = UInt32(whole / .milliseconds(1)) * UInt32(moment) / UInt32(moments)
            usleep(milliseconds * 1000)
            up.signal(SIGKILL)
            _ = try up.wait()
            if try lab.state()?.phase == .building { sawHalfBuilt = true }
            try lab.down()
            #expect(lab.leftovers().isEmpty, "killed after \(milliseconds) ms")
        }
        #expect(sawHalfBuilt, "every up was killed too early or too late: the test showed nothing")
    }

    @Test func bothEndsOfALiveConnectionAreFiledSwapped() throws {
        try withLab("f") { (lab) throws in
            let pod = Endpoint(try lab.host("shop/web-0").addresses.v4, LabServer.echoPort)
            let load = try lab.spawn(
                as: "node",
                [
                    lab.program, "load", "--host", "\(pod.address)", "--connections", "3", "--seconds", "600",
                ])
            let isFiled = try Deadline(after: .patience).wait { try lab.claims().count == 6 }
            #expect(isFiled)
            let claims = try lab.claims()
            #expect(claims.filter { $0.remote == pod && claims.contains($0.reversed) }.count == 3)
            load.signal(SIGTERM)
            #expect(try load.wait().status == 0)
            #expect(try lab.becomesEmpty())
        }
    }

    @Test func theRemoteNodeIsNotAccelerated() throws {
        try withLab("g") { (lab) throws in
            let address = try lab.host("shop/web-0").addresses.v4
            let load = try lab.spawn(
                as: "remote", [lab.program, "load", "--host", "\(address)", "--connections", "1", "--seconds", "600"])
            // One entry: the pod's own end is on the node.
            #expect(try Deadline(after: .patience).wait { try lab.claims().count == 1 })
            load.signal(SIGTERM)
            #expect(try load.wait().status == 0)
        }
    }

    @Test func manyConnectionsWithChurnLoseNothing() throws {
        try withLab("h") { (lab) throws in
            for family in AddressFamily.allCases {
                let count = Scale.of(200, small: 40)
                let report = try lab.load(
                    "shop/web-0", family: family, ["--connections", "\(count)", "--churn", "20", "--seconds", "2"])
                #expect(report.isClean)
                #expect(report.opened > count && report.exchanges > 5 * count)
            }
            #expect(try lab.becomesEmpty())
        }
    }

    @Test func whatAFaultNeedsIsNamed() throws {
        try withLab("i") { (lab) throws in
            let error = #expect(throws: LabError.self) {
                try lab.breakZombie(ZombieFault(pod: try lab.host("shop/client-0").id))
            }
            #expect(error?.message.contains("runs no server") == true)
            let absent = #expect(throws: LabError.self) { try lab.host("shop/none") }
            #expect(absent?.message.contains("shop/web-0") == true)
        }
    }
}

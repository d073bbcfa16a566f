import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckLab

/// The faults on this machine's own kernel, each with its control case.
@Suite(.serialized) struct RealFaultTests {
    @Test(.requires(.native), arguments: AddressFamily.allCases)
    func aZombieHangsWhoeverUsesItsPortAgain(_ family: AddressFamily) throws {
        try withLab("z\(family.rawValue)") { (lab) throws in
            var fault = ZombieFault(pod: try lab.host("shop/web-0").id)
            fault.family = family
            fault.count = 3
            let made = try lab.breakZombie(fault)
            #expect(made.entriesLeft == 3)
            #expect(try lab.faults() == [made])

            for port in [UInt16(50504), 50505, 50506] {
                #expect(try lab.get("shop/web-0", family: family, port: port) == "hung")
            }
            #expect(try lab.get("shop/web-0", family: family, port: 50507) == "answered")
            #expect(try lab.get("shop/web-1", family: family, port: 50504) == "answered")
            #expect(try lab.get("shop/web-0", from: "remote", family: family, port: 50504) == "answered")

            try lab.heal()
            #expect(try lab.becomesEmpty())
            #expect(try lab.faults().isEmpty)
            let recovered = Deadline(after: .patience).wait(every: .milliseconds(100)) {
                // A second must pass before a port can be used again over its TIME_WAIT.
                (try? lab.get("shop/web-0", family: family, port: 50504)) == "answered"
            }
            #expect(recovered)
        }
    }

    @Test(.requires(.native)) func aPortIsNotPoisonedTwice() throws {
        try withLab("y") { (lab) throws in
            let fault = ZombieFault(pod: try lab.host("shop/web-0").id)
            try lab.breakZombie(fault)
            let error = #expect(throws: LabError.self) { try lab.breakZombie(fault) }
            #expect(error?.code == .didNotHappen)
            #expect(error?.message.contains("poisoned already") == true)
        }
    }

    /// Linux commit d8616ee2affc ("bpf, sockmap: Fix sk->sk_forward_alloc warn_on in sk_stream_kill_queues", in v6.0)
    /// closed this leak.
    @Test(.requires(.noLeak, .native), arguments: AddressFamily.allCases)
    func aClosedListenerLeavesNothingOnAFixedKernel(_ family: AddressFamily) throws {
        try withLab("l\(family.rawValue)") { (lab) throws in
            var fault = LeakFault(pod: try lab.host("shop/web-0").id)
            fault.family = family
            fault.count = 100
            let made = try lab.breakLeak(fault)
            #expect(made.entriesLeft == 0, "this kernel leaks")
            #expect(try lab.becomesEmpty())
            #expect(try lab.faults().isEmpty)
            // The listener is back.
            #expect(try lab.breakLeak(fault).entriesLeft == 0)
        }
    }

    @Test(.requires(.leak), arguments: AddressFamily.allCases)
    func aClosedListenerLeavesItsChildrenOnALeakyKernel(_ family: AddressFamily) throws {
        try withLab("k\(family.rawValue)") { (lab) throws in
            var fault = LeakFault(pod: try lab.host("shop/web-0").id)
            fault.family = family
            fault.count = 20
            #expect(try lab.breakLeak(fault).entriesLeft == 20)
            #expect(try lab.claims().count == 20)
        }
    }

    /// As above, with the pod's own port and its server killed; and the one that takes its place answers.
    @Test(.requires(.noLeak, .native), arguments: AddressFamily.allCases)
    func aCrashedServerLeavesNothingOnAFixedKernel(_ family: AddressFamily) throws {
        try withLab("c\(family.rawValue)") { (lab) throws in
            var fault = CrashFault(pod: try lab.host("shop/web-0").id)
            fault.family = family
            fault.count = 73
            let before = try lab.server(of: fault.pod)
            let made = try lab.breakCrash(fault)
            #expect(made.entriesLeft == 0, "this kernel leaks")
            #expect(made.summary.hasSuffix("this kernel left nothing"))
            #expect(made.victims.isEmpty)
            #expect(try lab.becomesEmpty())
            #expect(try lab.server(of: fault.pod) != before)
            #expect(try lab.get("shop/web-0", family: family, port: fault.sourcePort) == "answered")
            #expect(try lab.breakCrash(fault).entriesLeft == 0, "the ports can be used again")
        }
    }

    @Test(.requires(.native)) func whatNoQueueHoldsIsNoCrash() throws {
        try withLab("q") { (lab) throws in
            var fault = CrashFault(pod: try lab.host("shop/web-0").id)
            fault.count = 2000
            #expect(throws: LabError.self) { try lab.breakCrash(fault) }
            #expect(try lab.get("shop/web-0") == "answered", "the server goes on")
        }
    }

    @Test(.requires(.native), arguments: AddressFamily.allCases)
    func aReusedSocketGetsTheAnswersOfItsOldKey(_ family: AddressFamily) throws {
        try withLab("x\(family.rawValue)") { (lab) throws in
            var fault = CrossWiredFault(first: try lab.host("shop/web-0").id, second: try lab.host("shop/web-1").id)
            fault.family = family
            let made = try lab.breakCrossWired(fault)
            #expect(try lab.claims().contains(try #require(made.victims.first)))
            let port = ["--connections", "1", "--seconds", "0.5", "--source-ports", "50600-50600"]
            #expect(try lab.load("shop/web-0", family: family, port).stalled == 1)
            try lab.heal()
            #expect(try lab.becomesEmpty())
        }
    }

    @Test(.requires(.native)) func theSameLoopbackTupleInTwoPodsIsFiledOnce() throws {
        try withLab("r") { (lab) throws in
            let fault = SharedTupleFault(first: try lab.host("shop/web-0").id, second: try lab.host("shop/web-1").id)
            let made = try lab.breakSharedTuple(fault)
            #expect(made.holders.count == 2)
            #expect(try lab.claims() == [fault.tuple, fault.tuple.reversed])
            try lab.heal()
            #expect(try lab.becomesEmpty())
        }
    }

    /// The second pod's server is stopped: if its client gets an answer all the same, another pod's server gave it.
    @Test(.requires(.native)) func aLiveSocketOfAnotherPodAnswers() throws {
        try withLab("s") { (lab) throws in
            let fault = SharedTupleFault(first: try lab.host("shop/web-0").id, second: try lab.host("shop/web-1").id)
            _ = try lab.fileFirstPair(fault)
            let server = try lab.server(of: fault.second)
            kill(server, SIGSTOP)
            defer { kill(server, SIGCONT) }
            let arguments = ["--connections", "1", "--seconds", "0.5", "--source-ports", "40000-40000"]
            let outcome = try lab.run(
                as: "\(fault.second)", [lab.program, "load", "--host", "127.0.0.1"] + arguments)
            #expect(try JSONText.decode(LoadReport.self, from: outcome.output).exchanges > 0)
        }
    }
}

import Testing
import UnstuckModel
import UnstuckRepair

@Suite("Where a guard is attached")
struct GuardPlacementTests {
    private func accelerator(_ places: (cgroup: String, mode: String?)...) -> [BPFProgram] {
        [
            BPFProgram(
                id: 1, name: "file_socket", maps: [7], type: "sock_ops",
                attachments: places.map { ProgramAttachment(cgroup: $0.cgroup, hook: "sock_ops", mode: $0.mode) })
        ]
    }

    @Test func besideAnAcceleratorThatLetsOthersIn() {
        #expect(GuardPlacement.choose(accelerator(("/kubepods", "multi"))).cgroups == ["/kubepods"])
        #expect(GuardPlacement.choose(accelerator(("/", "multi"))).cgroups == ["/"])
    }

    /// Its own attachment, anew and with the same flags, would be refused if ours were beside it.
    @Test(arguments: [String?.none, "override"])
    func aboveOneThatDoesNot(_ mode: String?) {
        #expect(GuardPlacement.choose(accelerator(("/kubepods/burstable", mode))).cgroups == ["/kubepods"])
        #expect(GuardPlacement.choose(accelerator(("/kubepods", mode))).cgroups == ["/"])
    }

    @Test func nowhereIfTheRootIsTaken() {
        let choice = GuardPlacement.choose(accelerator(("/", nil)))
        #expect(choice.cgroups.isEmpty)
        #expect(choice.reasons.count == 1)
    }

    @Test func onceWhereOneSeesWhatTheOtherDoes() {
        #expect(
            GuardPlacement.choose(accelerator(("/a", "multi"), ("/a/b", "multi"), ("/ab", "multi"))).cgroups == [
                "/a", "/ab",
            ])
    }

    @Test func withoutAnAttachmentThereIsNoPlace() {
        let choice = GuardPlacement.choose([BPFProgram(id: 1, name: "verdict", maps: [7], type: "sk_msg")])
        #expect(choice.cgroups.isEmpty)
        #expect(choice.reasons == ["no sock_ops program that inserts sockets into the map is attached to any cgroup"])
    }
}

import Testing
import UnstuckModel

@testable import UnstuckLab

@Suite struct PlanTests {
    let layout: LabLayout

    init() throws { layout = try LabLayout(name: "t1", cgroupMount: "/cg") }

    @Test func addressesComeFromTheDocumentationRanges() {
        #expect(AddressPlan.node.v4.description == "192.0.2.10")
        #expect(AddressPlan.node.v6.description == "2001:db8::10")
        #expect(AddressPlan.remote.v4.description == "198.51.100.20")
        #expect(AddressPlan.remote.v6.description == "2001:db8:2::20")
        #expect(AddressPlan.pod(2).v4.description == "203.0.113.12")
        #expect(AddressPlan.pod(2).v6.description == "2001:db8:0:1::12")
        #expect(AddressPlan.pod(AddressPlan.podLimit - 1).v4.description == "203.0.113.254")
    }

    @Test func everyAddressIsThereOnce() {
        let all = [AddressPlan.node, AddressPlan.remote] + (0..<AddressPlan.podLimit).map(AddressPlan.pod)
        #expect(Set(all.map(\.v4)).count == all.count)
        #expect(Set(all.map(\.v6)).count == all.count)
    }

    @Test func podControlGroupsAreNamedAsSystemdDoes() {
        let pod = LabPod.standard[0]
        #expect(
            layout.podCgroup(pod)
                == "/cg/unstuck-t1/node/kubepods.slice/kubepods-burstable.slice/"
                + "kubepods-burstable-pod7c1f0e52_94b3_4d0a_8a56_2f6be1c0d9a4.slice/"
                + "cri-containerd-\(pod.containerID).scope")
        #expect(pod.containerID.utf8.count == 64)
        #expect(layout.podLogFolder(pod) == "/run/unstuck-lab/t1/log/pods/shop_web-0_\(pod.uid)")
    }

    @Test func manyPodsAreTheStandardOnesAndServers() {
        let pods = LabPod.numbering(18)
        #expect(Array(pods[..<3]) == LabPod.standard)
        #expect(pods[3].id.description == "shop/web-2" && pods[17].id.description == "shop/web-16")
        #expect(pods.indices.allSatisfy { pods[$0].index == $0 })
        #expect(pods.filter(\.isServer).count == 17)
        #expect(Set(pods.map(\.id)).count == 18 && Set(pods.map(\.uid)).count == 18)
        #expect(pods.allSatisfy { $0.uid.utf8.count == 36 && $0.containerID.utf8.count == 64 })
        #expect(pods == LabPod.numbering(18), "the same next time")
    }

    @Test func onlyTheNodeIsAccelerated() throws {
        let node = try #require(layout.cgroup(.node, pods: []))
        let remote = try #require(layout.cgroup(.remote, pods: []))
        #expect(node.hasPrefix(layout.nodeCgroup + "/"))
        #expect(!remote.hasPrefix(layout.nodeCgroup))
        #expect(!layout.bareCgroup.hasPrefix(layout.nodeCgroup))
        #expect(layout.cgroup(.pod(namespace: "no", name: "such"), pods: LabPod.standard) == nil)
    }

    @Test(arguments: ["", "a-b", "A", "a/b", "..", "thisnameismuchtoolongforalab"])
    func namesThatCouldMeetAnotherLabsAreRefused(_ name: String) {
        #expect(throws: LabError.self) { try LabLayout(name: name, cgroupMount: "/cg") }
    }

    @Test func hostsAreWrittenAsPeopleWriteThem() {
        #expect(HostID("node") == .node)
        #expect(HostID("remote") == .remote)
        #expect(HostID("shop/web-0") == .pod(namespace: "shop", name: "web-0"))
        for text in ["", "pod", "a/b/c", "shop/", "/web", "shop/..", "shop/we b", "Shop/web"] {
            #expect(HostID(text) == nil, "\(text)")
        }
    }

    @Test func everyPodHasItsOwnRouteAndTheLinesStayInTheLab() {
        let topology = Topology(layout: layout, pods: LabPod.standard)
        #expect(topology.namespaces.allSatisfy { $0.hasPrefix("netns add unstuck-t1-") })
        #expect(topology.node.contains("route add 203.0.113.10/32 dev lxc-0 src 192.0.2.10"))
        #expect(topology.node.contains("route add 2001:db8:0:1::12/128 dev lxc-2 src 2001:db8::10"))
        for line in topology.node where line.hasPrefix("link add") {
            #expect(line.contains("netns unstuck-t1-"), "\(line)")
        }
    }

    @Test func theStateSurvivesItsFile() throws {
        var state = LabState(name: "t1", phase: .up, pods: LabPod.standard)
        state.accelerator = LabState.Accelerator(mapID: 35, mapSize: 65535)
        #expect(try JSONText.decode(LabState.self, from: JSONText.encode(state, pretty: true)) == state)
    }

    @Test func aFaultSurvivesItsFile() throws {
        let tuple = try FourTuple(
            local: #require(Endpoint("[2001:db8::10]:50504")), remote: #require(Endpoint("[2001:db8:0:1::10]:8080")))
        let fault = Fault(
            .crossWired, "why", victims: [tuple], holders: [7], heldBy: [Fault.Held(pid: 8, descriptor: 9)],
            entriesLeft: 1)
        #expect(try JSONText.decode(Fault.self, from: JSONText.encode(fault)) == fault)
    }

    @Test func mountsAreReadWithTheirEscapes() {
        let table = MountTable("cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\nbpffs /a\\040b bpf rw 0 0\nshort\n")
        #expect(table.mounts.map(\.folder) == ["/sys/fs/cgroup/unified", "/a b"])
    }
}

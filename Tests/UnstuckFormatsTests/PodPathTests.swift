import Testing
import UnstuckFormats
import UnstuckModel

@Suite("Pods in paths")
struct PodPathTests {
    static let uid = "0f3c7a52-9d1e-4b68-8a77-6c5d4e3f2a1b"

    @Test(arguments: [
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f3c7a52_9d1e_4b68_8a77_6c5d4e3f2a1b.slice/cri-containerd-abc.scope",
        "/kubepods.slice/kubepods-pod0f3c7a52_9d1e_4b68_8a77_6c5d4e3f2a1b.slice",
        "/kubepods/besteffort/pod0f3c7a52-9d1e-4b68-8a77-6c5d4e3f2a1b/0123456789abcdef",
    ])
    func findsTheUID(_ path: String) { #expect(PodPath.uid(inCgroup: path) == Self.uid) }

    @Test(arguments: [
        "/", "", "/system.slice/kubelet.service", "/kubepods.slice/podium", "/pod/x", "/kubepods-pod.slice",
    ])
    func findsNone(_ path: String) { #expect(PodPath.uid(inCgroup: path) == nil) }

    @Test func readsLogFolders() {
        #expect(
            PodPath.pod(logFolder: "shop_web-0_\(Self.uid)") == Pod(uid: Self.uid, namespace: "shop", name: "web-0"))
        #expect(PodPath.pod(logFolder: "shop_web-0") == nil)
        #expect(PodPath.pod(logFolder: "_web_\(Self.uid)") == nil)
        #expect(PodPath.pod(logFolder: "a_b_c") == nil)
    }
}

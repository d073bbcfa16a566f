/// A pod of the lab, with the names that a container runtime would have given it.
public struct LabPod: Hashable, Sendable, Codable {
    public var namespace: String
    public var name: String
    public var uid: String
    /// 64 hexadecimal digits.
    public var containerID: String
    /// Its place in the address plan.
    public var index: Int

    public init(namespace: String, name: String, uid: String, containerID: String, index: Int) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.containerID = containerID
        self.index = index
    }

    public var id: HostID { .pod(namespace: namespace, name: name) }
    /// Pods called `web-…` run the lab's server.
    public var isServer: Bool { name.hasPrefix("web-") }

    /// What every lab has. The identifiers look random but are fixed: a saved snapshot reads the same next time.
    public static let standard: [LabPod] = [
        LabPod(
            namespace: "shop", name: "web-0", uid: "7c1f0e52-94b3-4d0a-8a56-2f6be1c0d9a4",
            containerID: "b1f8a4c09de27356f1b0c8427ae93d5f60421c7e8bd9a35f0e6c2d4817b9fa03", index: 0),
        LabPod(
            namespace: "shop", name: "web-1", uid: "e3a95d18-0c6f-4b72-9f41-d85a7c36e20b",
            containerID: "4d7e92b3c6a1f05883be2d9c10f7a6e45b39c8d2017fea64d05b8c93e7261af8", index: 1),
        LabPod(
            namespace: "shop", name: "client-0", uid: "19b4c7a6-5e3d-42f8-b0c9-6a7d2e81f435",
            containerID: "90c2e5f7a38b461dd9f0271b6ec83a5470bd1f9e24c6a8b35f7e0d92c14a6b7e", index: 2),
    ]

    /// The standard pods and as many servers more, `shop/web-2`, `shop/web-3`, …, as make `count` in all. Their
    /// identifiers are fixed, too.
    /// - Precondition: `count` is at least that of the standard pods.
    public static func numbering(_ count: Int) -> [LabPod] {
        standard
            + (standard.count..<count).map { index in
                var random = PseudoRandom(seed: UInt64(index))
                func hex(_ digits: Int) -> String {
                    String(
                        random.bytes(digits / 2).flatMap { [$0 >> 4, $0 & 15] }.map { Character(String($0, radix: 16)) }
                    )
                }
                let uid = [8, 4, 4, 4, 12].map(hex).joined(separator: "-")
                return LabPod(
                    namespace: "shop", name: "web-\(index - 1)", uid: uid, containerID: hex(64), index: index)
            }
    }
}

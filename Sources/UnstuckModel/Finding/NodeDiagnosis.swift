/// What was found on one node, in one boot, among others.
public struct NodeDiagnosis: Sendable, Encodable {
    public var host: String
    public var boot: String
    public var kernelRelease: String
    public var diagnosis: Diagnosis
    /// What it was made of; not part of the document.
    public var snapshots: [Snapshot]

    private enum CodingKeys: String, CodingKey { case host, boot, kernelRelease, diagnosis }

    public init(of samples: NodeSamples, _ diagnosis: Diagnosis) {
        host = samples.host
        boot = samples.boot
        kernelRelease = samples.snapshots.last?.kernelRelease ?? ""
        self.diagnosis = diagnosis
        snapshots = samples.snapshots
    }
}

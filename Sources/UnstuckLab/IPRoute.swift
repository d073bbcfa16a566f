/// iproute2, run in batches: one process for many lines.
struct IPRoute {
    let program: String

    init() throws(LabError) { program = try Requirements.iproute2() }

    /// - Parameter namespace: where the lines take effect; `nil` for the caller's own.
    func batch(_ lines: [String], in namespace: String? = nil) throws {
        let place = namespace.map { ["-n", $0] } ?? []
        let outcome = try Child.run(
            [program] + place + ["-batch", "-"], input: lines.joined(separator: "\n") + "\n")
        guard outcome.status == 0 else {
            throw LabError(
                .failed, "ip\(namespace.map { " -n \($0)" } ?? "") -batch failed: \(outcome.errors)")
        }
    }
}

/// iproute2, run in batches: one process for many lines.
struct IPRoute {
    let program: String

    /// Kept open by each process: see `LabLock`.
    let lock: Int32

    init(lock: Int32) throws(LabError) {
        program = try Requirements.iproute2()
        self.lock = lock
    }

    /// - Parameter namespace: where the lines take effect; `nil` for the caller's own.
    func batch(_ lines: [String], in namespace: String? = nil) throws {
        let place = namespace.map { ["-n", $0] } ?? []
        let outcome = try Child.run(
            [program] + place + ["-batch", "-"], input: lines.joined(separator: "\n") + "\n", keeping: lock)
        guard outcome.status == 0 else {
            throw LabError(
                .failed, "ip\(namespace.map { " -n \($0)" } ?? "") -batch failed: \(outcome.errors)")
        }
    }
}

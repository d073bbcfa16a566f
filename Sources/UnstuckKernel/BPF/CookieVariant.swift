import Synchronization

extension BPFObject {
    /// Whether the kernel refused `bpf_get_socket_cookie` in a tracing program and took the same program without it:
    /// 5.10 does. Remembered for the process, so that only the first load pays for a refusal.
    private static let lacksCookie = Atomic<Bool>(false)

    /// Loads the one of an object's two programs that this kernel accepts: `STEM_with_cookie`, else `STEM_plain`.
    ///
    /// - Parameter prepare: called on the opened object before it is loaded.
    /// - Throws: `BPFError` of the last one that was tried.
    public static func loaded(
        embedded object: StaticString, name: String, stem: String, prepare: (BPFObject) throws -> Void = { _ in }
    ) throws -> (object: BPFObject, program: BPFProgramHandle) {
        let variants = ["\(stem)_with_cookie", "\(stem)_plain"]
        func load(_ chosen: String) throws -> (BPFObject, BPFProgramHandle) {
            let opened = try BPFObject(embedded: object, name: name)
            for variant in variants { try opened.program(variant).setAutoload(variant == chosen) }
            try prepare(opened)
            try opened.load()
            return (opened, try opened.program(chosen))
        }
        guard !lacksCookie.load(ordering: .relaxed) else { return try load(variants[1]) }
        do {
            return try load(variants[0])
        } catch let error as BPFError where error.isVerifierRefusal {
            let plain = try load(variants[1])
            lacksCookie.store(true, ordering: .relaxed)
            return plain
        }
    }
}

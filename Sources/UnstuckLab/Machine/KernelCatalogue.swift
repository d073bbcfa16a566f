import TOMLKit
import UnstuckKernel

/// `lab/kernels.toml`: the kernels that tests run on.
public struct KernelCatalogue: Decodable, Sendable {
    public struct Kernel: Decodable, Sendable {
        /// What people call it: `boot NAME`.
        public var name: String
        /// The only suite of Debian's that its package is looked up in.
        public var suite: String
        /// An image's package, or a metapackage that leads to one.
        public var package: String
        /// What tests may ask of it, and must find there.
        public var provides: Set<KernelFeature>
    }

    /// The kernel of the machine itself.
    public struct Machine: Decodable, Sendable {
        public var provides: Set<KernelFeature>
    }

    public var machine: Machine
    public var kernel: [Kernel]

    public init(path: String) throws {
        guard let text = readText(path) else {
            throw LabError(
                .missing, "cannot read the list of kernels, \(path): run from the repository or use --kernels")
        }
        do {
            self = try TOMLDecoder().decode(KernelCatalogue.self, from: text)
        } catch {
            throw LabError(.invalid, "\(path) is no list of kernels", cause: error)
        }
    }

    public subscript(name: String) -> Kernel {
        get throws {
            guard let found = kernel.first(where: { $0.name == name }) else {
                throw LabError(
                    .invalid, "no kernel \"\(name)\"; there are \(kernel.map(\.name).joined(separator: ", "))")
            }
            return found
        }
    }

    /// What a kernel provides, `nil` for the machine's own.
    public func provides(_ name: String?) throws -> Set<KernelFeature> {
        try name.map { try self[$0].provides } ?? machine.provides
    }
}

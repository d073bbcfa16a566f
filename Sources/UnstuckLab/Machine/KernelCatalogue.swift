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
        /// The name of the ``TestSelection`` that `make test` runs in it. Absent: only `make test-all` boots it, as it does an
        /// old image that a mirror may drop.
        public var tests: String?
    }

    /// The kernel of the machine itself.
    public struct Machine: Decodable, Sendable {
        public var provides: Set<KernelFeature>
    }

    public var machine: Machine
    public var kernel: [Kernel]
    /// What a kernel's `tests` may name; what takes longest comes first.
    public var tests: [TestSelection]

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
        for kernel in kernel where kernel.tests != nil { _ = try selection(of: kernel) }
    }

    /// What `make test` runs in a kernel.
    public func selection(of kernel: Kernel) throws -> TestSelection {
        guard let name = kernel.tests else {
            throw LabError(.invalid, "kernel \"\(kernel.name)\" runs no tests of its own: --all or --filter")
        }
        guard let found = tests.first(where: { $0.name == name }) else {
            throw LabError(.invalid, "kernel \"\(kernel.name)\" runs tests that are not listed: \"\(name)\"")
        }
        return found
    }

    /// Kernels in the order in which their guests are started: the ones that take longest first.
    public func inStartOrder(_ kernels: [Kernel]) -> [Kernel] {
        (tests.map(\.name) + [nil]).flatMap { name in kernels.filter { $0.tests == name } }
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

    /// Set to 1 in the environment of tests: the kernel provides ``KernelFeature/thorough`` and ``KernelFeature/exhaustive``,
    /// whatever is declared of it.
    public static let thoroughVariable = "UNSTUCK_THOROUGH"

    /// What a kernel provides, `nil` for the machine's own.
    ///
    /// - Parameter thorough: what differs little from kernel to kernel is run on this one, too.
    public func provides(_ name: String?, thorough: Bool = false) throws -> Set<KernelFeature> {
        let declared = try name.map { try self[$0].provides } ?? machine.provides
        return thorough ? declared.union([.thorough, .exhaustive]) : declared
    }
}

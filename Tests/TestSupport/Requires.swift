import Glibc
import Testing
import UnstuckLab

extension Trait where Self == ConditionTrait {
    /// What a test asks of a kernel that not every kernel has. Where `lab/kernels.toml` says that the kernel lacks it, the
    /// test is skipped; where it says nothing of the kind, the test must pass.
    public static func requires(
        _ features: KernelFeature..., sourceLocation: SourceLocation = #_sourceLocation
    ) -> Self {
        // The table of tests reads this sentence.
        .enabled(Comment(rawValue: SkipReason.text(of: features)), sourceLocation: sourceLocation) {
            try KernelUnderTest.provided.get().isSuperset(of: features)
        }
    }
}

/// The kernel that these tests run on, by what is declared of it.
public enum KernelUnderTest {
    public static func provides(_ feature: KernelFeature) throws -> Bool { try provided.get().contains(feature) }

    /// Inside a guest `UNSTUCK_KERNEL` names its entry; everywhere else this is the machine.
    static let provided = Result {
        let thorough = variable(KernelCatalogue.thoroughVariable) == "1"
        return try KernelCatalogue(path: "lab/kernels.toml").provides(variable("UNSTUCK_KERNEL"), thorough: thorough)
    }

    private static func variable(_ name: String) -> String? { unsafe getenv(name).map { unsafe String(cString: $0) } }
}

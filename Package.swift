// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: strict memory safety, and no warning passes.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let toml = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
    name: "unstuck",
    products: [
        .executable(name: "unstuck", targets: ["unstuck"]),
        .executable(name: "unstuck-lab", targets: ["unstuck-lab"]),
        // For Fuzz/, a package of its own.
        .library(name: "UnstuckFormats", targets: ["UnstuckFormats", "UnstuckModel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // The kernel's side and its boundary.
        .systemLibrary(name: "CLibBPF", pkgConfig: "libbpf", providers: [.apt(["libbpf-dev", "libelf-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CUnstuckABI", path: "bpf/abi"),
        .target(name: "CLinuxUAPI"),
        .target(name: "CNetlinkUAPI"),
        .plugin(name: "CompileBPF", capability: .buildTool()),

        // Pure: no Glibc, no Foundation beyond FoundationEssentials.
        .target(name: "UnstuckModel", swiftSettings: strict),
        .target(
            name: "UnstuckFormats", dependencies: ["UnstuckModel", "CUnstuckABI", "CNetlinkUAPI"], swiftSettings: strict
        ),
        .target(name: "UnstuckDiagnosis", dependencies: ["UnstuckModel"], swiftSettings: strict),
        .target(name: "UnstuckRender", dependencies: ["UnstuckModel"], swiftSettings: strict),

        // Reading a node, acting on it, changing it.
        .target(
            name: "UnstuckKernel",
            dependencies: [
                "UnstuckModel", "UnstuckFormats", "CLibBPF", "CLinuxUAPI", "CNetlinkUAPI", "CUnstuckABI", "CZlib",
                logging,
            ],
            swiftSettings: strict, plugins: ["CompileBPF"]),
        .target(
            name: "UnstuckProbing",
            dependencies: ["UnstuckModel", "UnstuckFormats", "UnstuckKernel", "CLibBPF", "CLinuxUAPI"],
            swiftSettings: strict, plugins: ["CompileBPF"]),
        .target(
            name: "UnstuckRepair",
            dependencies: [
                "UnstuckModel", "UnstuckFormats", "UnstuckDiagnosis", "UnstuckKernel", "CLibBPF", "CLinuxUAPI",
                "CUnstuckABI",
            ],
            swiftSettings: strict, plugins: ["CompileBPF"]),
        .target(
            name: "UnstuckLab",
            dependencies: ["UnstuckModel", "UnstuckKernel", "CLinuxUAPI", toml],
            swiftSettings: strict, plugins: ["CompileBPF"]),

        // What the command line and the agent share.
        .target(
            name: "UnstuckOperations",
            dependencies: [
                "UnstuckModel", "UnstuckFormats", "UnstuckDiagnosis", "UnstuckRender", "UnstuckKernel",
                "UnstuckProbing", "UnstuckRepair", "CLinuxUAPI",
            ],
            swiftSettings: strict),

        // The two command lines.
        .executableTarget(
            name: "unstuck",
            dependencies: [
                "UnstuckModel", "UnstuckFormats", "UnstuckDiagnosis", "UnstuckRender", "UnstuckKernel",
                "UnstuckProbing", "UnstuckRepair", "UnstuckOperations", argumentParser, logging,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "unstuck-lab",
            dependencies: ["UnstuckLab", "UnstuckModel", "UnstuckKernel", argumentParser],
            swiftSettings: strict),

        // Tests of the pure modules run anywhere; the others need root and this machine's kernel, and fail without.
        .testTarget(
            name: "UnstuckModelTests", dependencies: ["UnstuckModel", "CUnstuckABI"], swiftSettings: strict),
        .testTarget(
            name: "UnstuckFormatsTests", dependencies: ["UnstuckFormats", "UnstuckModel", "CUnstuckABI"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "UnstuckDiagnosisTests", dependencies: ["TestSupport", "UnstuckDiagnosis", "UnstuckRender"],
            swiftSettings: strict),
        .target(
            name: "TestSupport",
            dependencies: ["UnstuckModel", "UnstuckKernel", "UnstuckLab", "CLibBPF", "CLinuxUAPI"],
            path: "Tests/TestSupport",
            swiftSettings: strict),
        .testTarget(
            name: "UnstuckKernelTests",
            dependencies: ["TestSupport", "UnstuckModel", "UnstuckDiagnosis", "UnstuckKernel", "CLinuxUAPI"],
            swiftSettings: strict),
        .testTarget(
            name: "UnstuckRepairTests",
            dependencies: [
                "TestSupport", "UnstuckModel", "UnstuckFormats", "UnstuckKernel", "UnstuckDiagnosis", "UnstuckRepair",
                "CUnstuckABI", "CLibBPF",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "TestSupport", "UnstuckModel", "UnstuckFormats", "UnstuckKernel", "UnstuckLab", "UnstuckProbing",
                "CLibBPF",
                "CLinuxUAPI", "unstuck",
                "unstuck-lab",
            ],
            exclude: ["GoClient"], swiftSettings: strict),
        .testTarget(
            name: "KernelUseTests",
            dependencies: [
                "TestSupport", "UnstuckKernel", "UnstuckProbing", "UnstuckRepair", "UnstuckLab", "CLibBPF",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "UnstuckLabTests",
            dependencies: ["TestSupport", "UnstuckLab", "UnstuckModel", "UnstuckKernel", "unstuck-lab"],
            swiftSettings: strict),
        .testTarget(
            name: "UnstuckProbingTests",
            dependencies: ["UnstuckProbing", "UnstuckFormats", "UnstuckModel", "UnstuckKernel"],
            swiftSettings: strict),
        .testTarget(
            name: "UnstuckOperationsTests",
            dependencies: [
                "TestSupport", "UnstuckOperations", "UnstuckFormats", "UnstuckModel", "UnstuckKernel", "unstuck",
            ],
            exclude: ["Fixtures"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

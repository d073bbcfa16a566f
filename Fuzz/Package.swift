// swift-tools-version: 6.2
import PackageDescription

// libFuzzer's targets, outside of the default build: `make fuzz` in the folder above builds and runs them. One target a
// kind of foreign bytes; its seeds lie in corpus/<target>.

let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]

/// A fuzz target: one file with one function that libFuzzer calls.
func fuzzer(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: ["FuzzSupport", .product(name: "UnstuckFormats", package: "unstuck")],
        swiftSettings: strict)
}

let package = Package(
    name: "unstuck-fuzz",
    dependencies: [.package(name: "unstuck", path: "..")],
    targets: [
        .target(
            name: "FuzzSupport", dependencies: [.product(name: "UnstuckFormats", package: "unstuck")],
            swiftSettings: strict),
        fuzzer("fuzz-keys"), fuzzer("fuzz-bpftool-text"), fuzzer("fuzz-bpftool-json"), fuzzer("fuzz-hex-lines"),
        fuzzer("fuzz-netlink"), fuzzer("fuzz-journal"), fuzzer("fuzz-features"), fuzzer("fuzz-bundle"),
        fuzzer("fuzz-changelog"),
    ],
    swiftLanguageModes: [.v6]
)

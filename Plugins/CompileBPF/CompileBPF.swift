import Foundation
import PackagePlugin

/// Compiles the BPF programs under `bpf/` with the toolchain's own clang and embeds each object in the target that
/// loads it, as a Swift constant holding the object in base64: one string literal compiles in no time, where an array
/// of bytes takes the compiler half a minute. `bpf/observe/walk_sockets.bpf.c` becomes `walkSocketsObject`.
///
/// `-mcpu=v2` because 5.10 refuses the newer atomics that this clang emits by default.
@main
struct CompileBPF: BuildToolPlugin {
    /// Whose programs are in which folder of `bpf/`.
    static let folders = [
        "UnstuckKernel": "observe", "UnstuckProbing": "canary", "UnstuckRepair": "repair", "UnstuckLab": "lab",
    ]

    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        guard let folder = Self.folders[target.name] else {
            Diagnostics.error("no folder of bpf/ is \(target.name)'s: Plugins/CompileBPF names them")
            return []
        }
        let root = context.package.directoryURL
        let bpf = root.appending(path: "bpf")
        let clang = try context.tool(named: "clang").url
        let sources = try Self.files(in: bpf.appending(path: folder)).filter { $0.path.hasSuffix(".bpf.c") }
        // Whatever one of them may include, and this file, which says how they are compiled.
        let headers = try Self.files(in: bpf).filter { $0.pathExtension == "h" } + sources

        var objects: [(name: String, constant: String)] = []
        var commands: [Command] = []
        for source in sources {
            let name = String(source.lastPathComponent.dropLast(".bpf.c".count))
            let constant = Self.constant(name)
            objects.append((name, constant))
            let swift = context.pluginWorkDirectoryURL.appending(path: "\(constant).swift")
            let script = """
                set -eu
                case "$(uname -m)" in
                    x86_64) arch=x86 ;; aarch64) arch=arm64 ;; s390x) arch=s390 ;; ppc64*) arch=powerpc ;; riscv64) arch=riscv ;;
                    *) arch=$(uname -m) ;;
                esac
                "$1" -target bpf -mcpu=v2 -O2 -g -Wall -Wextra -Werror "-D__TARGET_ARCH_$arch" \
                    -I"$2/abi/include" -I"$2/include" -I/usr/include/"$(uname -m)"-linux-gnu \
                    -c "$3" -o "$4.o"
                { printf '/// %s, compiled (base64).\\nlet %s: StaticString = "' "${3##*/}" "$5"
                  base64 -w0 "$4.o"; printf '"\\n'; } > "$4"
                """
            commands.append(
                .buildCommand(
                    displayName: "Compiling \(source.lastPathComponent)",
                    executable: URL(filePath: "/bin/sh"),
                    arguments: ["-c", script, "sh", clang.path, bpf.path, source.path, swift.path, constant],
                    inputFiles: headers,
                    outputFiles: [swift]))
        }
        return commands + [list(objects, context)]
    }

    /// Every file below a folder, in a stable order.
    private static func files(in folder: URL) throws -> [URL] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted().map { folder.appending(path: $0) }
    }

    /// `walk_sockets` becomes `walkSocketsObject`.
    private static func constant(_ name: String) -> String {
        let words = name.split(separator: "_")
        let capitalized = words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        return words[0] + capitalized.joined() + "Object"
    }

    /// All objects of a target by name, for the test that holds docs/kernel-use.md against them.
    private func list(_ objects: [(name: String, constant: String)], _ context: PluginContext) -> Command {
        let swift = context.pluginWorkDirectoryURL.appending(path: "embeddedObjects.swift")
        let members = objects.map { "\"\($0.name)\": \($0.constant)" }.joined(separator: ", ")
        let text = """
            /// Every BPF object of this module: `bpf/<folder>/<name>.bpf.c`.
            let embeddedObjects: [String: StaticString] = [\(members)]
            """
        return .buildCommand(
            displayName: "Listing the BPF objects",
            executable: URL(filePath: "/bin/sh"),
            arguments: ["-c", "printf '%s\\n' \"$1\" > \"$2\"", "sh", text, swift.path],
            inputFiles: [], outputFiles: [swift])
    }
}

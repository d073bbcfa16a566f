import Foundation
import PackagePlugin

/// Compiles the BPF programs under `bpf/` with the toolchain's own clang and embeds each object in the target that
/// loads it, as a Swift constant holding the object in base64: one string literal compiles in no time, where an array
/// of bytes takes the compiler half a minute.
///
/// `-mcpu=v2` because 5.10 refuses the newer atomics that this clang emits by default.
@main
struct CompileBPF: BuildToolPlugin {
    /// Which target embeds which object: the file `bpf/<name>.bpf.c` becomes the constant `<constant>`.
    static let objects: [String: [(file: String, constant: String)]] = [
        "UnstuckKernel": [
            ("observe_sockmap", "observeSockmapObject"), ("lookup_sockmap", "lookupSockmapObject"),
            ("observe_task_file", "observeTaskFileObject"), ("walk_sockets", "walkSocketsObject"),
        ],
        "UnstuckProbing": [("canary", "canaryObject")],
        "UnstuckRepair": [
            ("repair", "repairObject"), ("repair_lookup", "repairLookupObject"), ("guard", "guardObject"),
            ("bypass", "bypassObject"),
        ],
        "UnstuckLab": [
            ("lab/cilium_accelerator", "ciliumAcceleratorObject"),
            ("lab/merbridge_accelerator", "merbridgeAcceleratorObject"),
            ("lab/istio_bypass_accelerator", "istioBypassAcceleratorObject"),
            ("lab/os_ebpf_accelerator", "osEBPFAcceleratorObject"),
            ("lab/envoy_accelerator", "envoyAcceleratorObject"),
            ("lab/eunomia_accelerator", "eunomiaAcceleratorObject"),
            ("lab/kmesh_accelerator", "kmeshAcceleratorObject"),
            ("lab/kmesh_netns_accelerator", "kmeshNamespaceAcceleratorObject"),
            ("lab/calico_accelerator", "calicoAcceleratorObject"),
            ("lab/dae_accelerator", "daeAcceleratorObject"),
            ("lab/beyla_accelerator", "beylaAcceleratorObject"),
            ("lab/beyla_cookie_accelerator", "beylaCookieAcceleratorObject"),
            ("lab/undeclared_accelerator", "undeclaredAcceleratorObject"),
            ("lab/packet_filter", "packetFilterObject"),
        ],
    ]

    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        let root = context.package.directoryURL
        let clang = try context.tool(named: "clang").url
        let headers = [
            "bpf/abi/include/unstuck_abi.h", "bpf/include/kernel_compat.h", "bpf/include/socket_record.h",
            "bpf/include/handler_names.h", "bpf/include/entry_record.h", "bpf/include/repair_entry.h",
            "bpf/include/filed_entry.h", "bpf/include/tcp_record.h", "bpf/include/tcp_fields.h",
            "bpf/lab/accelerator.h", "bpf/lab/kmesh_accelerator.bpf.c",
        ].map { root.appending(path: $0) }

        let objects = Self.objects[target.name] ?? []
        let compilations = objects.map { object in
            let source = root.appending(path: "bpf/\(object.file).bpf.c")
            let swift = context.pluginWorkDirectoryURL.appending(path: "\(object.constant).swift")
            let script = """
                set -eu
                "$1" -target bpf -mcpu=v2 -O2 -g -Wall -Wextra -Werror -D__TARGET_ARCH_x86 \
                    -I"$2/bpf/abi/include" -I"$2/bpf/include" -I/usr/include/"$(uname -m)"-linux-gnu \
                    -c "$3" -o "$4.o"
                { printf '/// %s, compiled (base64).\\nlet %s: StaticString = "' "${3##*/}" "$5"
                  base64 -w0 "$4.o"; printf '"\\n'; } > "$4"
                """
            return Command.buildCommand(
                displayName: "Compiling \(object.file).bpf.c",
                executable: URL(filePath: "/bin/sh"),
                arguments: ["-c", script, "sh", clang.path, root.path, source.path, swift.path, object.constant],
                inputFiles: [source] + headers,
                outputFiles: [swift])
        }
        return compilations + [list(objects, context)]
    }

    /// All objects of a target by name, for the test that holds docs/kernel-use.md against them.
    private func list(_ objects: [(file: String, constant: String)], _ context: PluginContext) -> Command {
        let swift = context.pluginWorkDirectoryURL.appending(path: "embeddedObjects.swift")
        let members = objects.map { "\"\($0.file)\": \($0.constant)" }.joined(separator: ", ")
        let text = """
            /// Every BPF object of this module: `bpf/<name>.bpf.c`.
            let embeddedObjects: [String: StaticString] = [\(members)]
            """
        return .buildCommand(
            displayName: "Listing the BPF objects",
            executable: URL(filePath: "/bin/sh"),
            arguments: ["-c", "printf '%s\\n' \"$1\" > \"$2\"", "sh", text, swift.path],
            inputFiles: [], outputFiles: [swift])
    }
}

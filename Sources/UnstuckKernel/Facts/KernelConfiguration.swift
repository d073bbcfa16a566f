import CZlib
import Glibc

/// The options that a kernel was built with, from the first place that tells them.
struct KernelConfiguration {
    let source: String
    private let text: String

    init?(release: String, root: NodeRoot) {
        for path in [
            "\(root.procfs)/config.gz", root.path("/boot/config-\(release)"),
            root.path("/lib/modules/\(release)/config"),
        ] {
            guard let text = Self.read(path), text.contains("CONFIG_") else { continue }
            source = path
            self.text = text
            return
        }
        return nil
    }

    /// Options by name, `CONFIG_` left out: what they are set to, `n` where they are not set.
    func values(of options: [String]) -> [String: String] {
        var values = Dictionary(options.map { ($0, "n") }) { first, _ in first }
        for line in text.split(separator: "\n") where line.hasPrefix("CONFIG_") {
            let parts = line.dropFirst("CONFIG_".count).split(separator: "=", maxSplits: 1)
            if parts.count == 2, values[String(parts[0])] != nil { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// zlib reads files that are not compressed as they are.
    private static func read(_ path: String) -> String? {
        guard let file = unsafe gzopen(path, "rbe") else { return nil }
        defer { unsafe _ = gzclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe gzread(file, &chunk, UInt32(chunk.count))
            guard count >= 0, bytes.count < 16 << 20 else { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<Int(count)]
        }
    }
}

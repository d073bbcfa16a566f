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

    private static func read(_ path: String) -> String? {
        readCompressedFile(path).map { String(decoding: $0, as: UTF8.self) }
    }
}

import FoundationEssentials
import UnstuckModel

/// The JSON of `bpftool -j feature probe`, as tools/bpf/bpftool/feature.c of the kernel writes it.
struct FeatureProbeJSON {
    var features = FeatureSet(kernel: nil, prober: "bpftool feature probe")

    private struct Document: Decodable {
        var systemConfig: [String: Scalar]?
        var syscallConfig: [String: Bool]?
        var programTypes: [String: Bool]?
        var mapTypes: [String: Bool]?
        var helpers: [String: [String]]?
        var misc: [String: Bool]?

        enum CodingKeys: String, CodingKey {
            case systemConfig = "system_config"
            case syscallConfig = "syscall_config"
            case programTypes = "program_types"
            case mapTypes = "map_types"
            case helpers, misc
        }

        /// bpftool writes each of them, but for what it was not asked for.
        var isEmpty: Bool {
            programTypes == nil && mapTypes == nil && helpers == nil && misc == nil && syscallConfig == nil
                && systemConfig == nil
        }
    }

    private enum Scalar: Decodable {
        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self = .text("n")
            } else if let text = try? value.decode(String.self) {
                self = .text(text)
            } else if let number = try? value.decode(Int64.self) {
                self = .text("\(number)")
            } else {
                self = .text(try value.decode(Bool.self) ? "1" : "0")
            }
        }
    }

    /// - Returns: `nil` if it is not bpftool's.
    /// - Throws: `DecodingError`, if it is no JSON object, or one of bpftool's with other values.
    init?(_ bytes: [UInt8]) throws {
        let document = try JSONDecoder().decode(Document.self, from: Data(bytes))
        guard !document.isEmpty else { return nil }
        for (name, isThere) in document.programTypes ?? [:] {
            add(.programType, Self.between("have_", "_prog_type", name), isThere)
        }
        for (name, isThere) in document.mapTypes ?? [:] {
            add(.mapType, Self.between("have_", "_map_type", name), isThere)
        }
        for (name, isThere) in document.syscallConfig ?? [:] { add(.other, Self.between("have_", "", name), isThere) }
        for (name, isThere) in document.misc ?? [:] { add(.other, Self.between("have_", "", name), isThere) }
        // -1 is a setting that could not be read.
        for case (let name, .text(let value)) in document.systemConfig ?? [:] where value != "-1" {
            features[FeatureSet.Feature(.other, name)] = value
        }
        for (name, helpers) in document.helpers ?? [:] {
            let program = Self.between("", "_available_helpers", name)
            features.partsOfSupported.insert(.helpers(program: program))
            for helper in helpers {
                let feature = FeatureSet.Feature(
                    .helper, FeatureFile.withoutPrefix(Substring(helper)), program: program)
                features.set(feature, .supported)
            }
        }
    }

    private mutating func add(_ kind: FeatureSet.Kind, _ name: String, _ isThere: Bool) {
        features.set(FeatureSet.Feature(kind, name), isThere ? .supported : .unsupported)
    }

    private static func between(_ start: String, _ end: String, _ name: String) -> String {
        var part = Substring(name)
        if part.hasPrefix(start) { part = part.dropFirst(start.count) }
        if part.hasSuffix(end) { part = part.dropLast(end.count) }
        return part.lowercased()
    }
}

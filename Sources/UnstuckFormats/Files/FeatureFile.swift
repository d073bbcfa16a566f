import FoundationEssentials
import UnstuckModel

/// A saved list of what a kernel's BPF has: our own, bpftool's text, JSON or macros, or Cilium's header.
public struct FeatureFile {
    public var features: FeatureSet
    /// What was not understood: the first ``longestProblemList``, and how many there are.
    public private(set) var problems: [Problem] = []
    public private(set) var problemCount = 0

    public static let longestProblemList = 100
    /// Our own schema; its number rises when a field changes its meaning.
    public static let schema = "unstuck.kernel.features/1"

    public struct Problem: Hashable, Sendable {
        /// Counted from 1.
        public var line: Int
        public var reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// JSON that is neither ours nor bpftool's, and why.
        case foreignJSON(String)
        /// Neither JSON nor text nor a header with a feature.
        case noFeatures
        /// Nothing of the list can be true, and why.
        case impossible(String)

        public var description: String {
            switch self {
            case .foreignJSON(let why): "neither a file of `unstuck kernel features` nor bpftool's JSON: \(why)"
            case .noFeatures:
                "neither a file of `unstuck kernel features`, nor output of `bpftool feature probe`, nor a "
                    + "bpf_features.h: no line lists a feature"
            case .impossible(let why): "a list that cannot be true: \(why)"
            }
        }
    }

    private struct Document: Decodable {
        var schema: String
        var data: FeatureSet
    }

    /// - Throws: ``Failure``.
    public init(_ raw: [UInt8]) throws(Failure) {
        let bytes = plainText(raw)
        if bytes.first(where: { !Self.isBlank($0) }) == UInt8(ascii: "{") {
            features = try Self.decode(bytes)
        } else if FeatureProbeText.isOne(bytes) {
            features = FeatureSet(kernel: nil, prober: "bpftool feature probe")
            readText(bytes)
        } else {
            features = FeatureSet(kernel: nil, prober: "bpf_features.h")
            readHeader(bytes)
        }
        guard !features.answers.isEmpty || !features.partsOfSupported.isEmpty else { throw .noFeatures }
        features.refuseWhatCannotBeTrue()
        guard !features.answers.isEmpty || features.refused.isEmpty else {
            throw .impossible(features.refused.map(\.reason).reduced)
        }
    }

    private static func decode(_ bytes: [UInt8]) throws(Failure) -> FeatureSet {
        do {
            if let foreign = try FeatureProbeJSON(bytes) { return foreign.features }
            let document = try JSONDecoder().decode(Document.self, from: Data(bytes))
            guard document.schema == schema else {
                throw Failure.foreignJSON("its schema is \"\(safeText(document.schema))\", not \"\(schema)\"")
            }
            return document.data
        } catch let failure as Failure {
            throw failure
        } catch let error as DecodingError {
            throw .foreignJSON(reason(error))
        } catch {
            throw .foreignJSON("\(error)")
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "it has no \"\(safeText(key.stringValue))\""
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "another value is expected at \"\(safeText(context.codingPath.map(\.stringValue).joined(separator: ".")))\""
        default: "it is no whole JSON"
        }
    }

    private mutating func readHeader(_ bytes: [UInt8]) {
        var style = HeaderStyle()
        defer {
            // Cilium 1.13 and later; bpftool and older agents also write what the kernel lacks, and no value.
            if style.namesOnlySupported { features.partsOfSupported.insert(.others) }
        }
        var isComment = false
        var isContinued = false
        var number = 0
        for raw in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let wasContinued = isContinued
            let line = Self.withoutComments(raw, &isComment)
            isContinued = line.last == UInt8(ascii: "\\")
            // The rest of a macro with arguments.
            guard !wasContinued, let first = line.first(where: { !Self.isBlank($0) }) else { continue }
            guard first == UInt8(ascii: "#") else {
                note(number, "no directive of the preprocessor", line)
                continue
            }
            let words = line.split(whereSeparator: { Self.isBlank($0) || $0 == UInt8(ascii: "#") })
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.first == "define" else { continue }  // #ifndef, #endif, #pragma, #include
            guard words.count >= 2 else {
                note(number, "a #define without a name", line)
                continue
            }
            let value = words.dropFirst(2).joined(separator: " ")
            style.add(words[1], value)
            define(Self.withoutPrefix(macro: words[1]), value, number)
        }
    }

    /// `bpftool feature probe macros prefix BPFTOOL_` puts a prefix before each name.
    private static func withoutPrefix(macro name: String) -> String {
        let starts = ["BPF__PROG_TYPE_", "NO_HAVE_", "HAVE_", "CONFIG_"]
        // CONFIG_HAVE_EBPF_JIT has no prefix.
        if starts.contains(where: { name.hasPrefix($0) }) { return name }
        for start in starts {
            if let found = name.firstRange(of: start), name[..<found.lowerBound].hasSuffix("_") {
                return String(name[found.lowerBound...])
            }
        }
        return name
    }

    private mutating func define(_ name: String, _ value: String, _ line: Int) {
        guard !name.contains("(") else { return }  // HAVE_PROG_TYPE_HELPER(prog_type, helper)
        if name.hasPrefix("BPF__PROG_TYPE_"), let middle = name.firstRange(of: "__HELPER_") {
            let program = name[..<middle.lowerBound].dropFirst("BPF__PROG_TYPE_".count)
            let helper = Self.withoutPrefix(name[middle.upperBound...])
            guard value == "0" || value == "1", !program.isEmpty, !helper.isEmpty else {
                note(line, "neither 0 nor 1 for a helper", Array("\(name) \(value)".utf8)[...])
                return
            }
            set(FeatureSet.Feature(.helper, helper, program: program.lowercased()), value == "1", line)
        } else if name.hasPrefix("HAVE_") || name.hasPrefix("NO_HAVE_") {
            let isThere = name.hasPrefix("HAVE_")
            let rest = name.dropFirst(isThere ? "HAVE_".count : "NO_HAVE_".count)
            if let map = Self.without("_MAP_TYPE", rest) {
                set(FeatureSet.Feature(.mapType, map), isThere, line)
            } else if let program = Self.without("_PROG_TYPE", rest) {
                set(FeatureSet.Feature(.programType, program), isThere, line)
            } else if !rest.isEmpty {
                set(FeatureSet.Feature(.other, rest.lowercased()), isThere, line)
            } else {
                note(line, "no feature", Array(name.utf8)[...])
            }
        } else if name.hasPrefix("CONFIG_"), !value.isEmpty {
            set(FeatureSet.Feature(.other, name), to: value, line)
        }
        // Others define nothing that a kernel has: include guards, and what an agent chose for itself.
    }

    mutating func set(_ feature: FeatureSet.Feature, _ isThere: Bool, _ line: Int) {
        set(feature, to: (isThere ? Support.Answer.supported : .unsupported).rawValue, line)
    }

    mutating func set(_ feature: FeatureSet.Feature, to answer: String, _ line: Int) {
        if let before = features[feature], before != answer {
            note(line, "an earlier line says otherwise", Array(feature.name.utf8)[...])
            return
        }
        features[feature] = answer
    }

    /// A line less its comments, which may go on over lines.
    private static func withoutComments(_ line: ArraySlice<UInt8>, _ isComment: inout Bool) -> ArraySlice<UInt8> {
        var kept: ArraySlice<UInt8> = []
        var index = line.startIndex
        while index < line.endIndex {
            let next = index + 1 < line.endIndex ? line[index + 1] : 0
            if isComment, line[index] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                isComment = false
                index += 2
            } else if isComment {
                index += 1
            } else if line[index] == UInt8(ascii: "/"), next == UInt8(ascii: "*") {
                isComment = true
                index += 2
            } else if line[index] == UInt8(ascii: "/"), next == UInt8(ascii: "/") {
                break
            } else {
                if line[index] != UInt8(ascii: "\r") { kept.append(line[index]) }
                index += 1
            }
        }
        return kept
    }

    private static func without(_ suffix: String, _ name: Substring) -> String? {
        name.hasSuffix(suffix) && name.count > suffix.count ? name.dropLast(suffix.count).lowercased() : nil
    }

    static func withoutPrefix(_ helper: Substring) -> String {
        String(helper.hasPrefix("bpf_") ? helper.dropFirst("bpf_".count) : helper)
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    mutating func note(_ line: Int, _ reason: String, _ text: ArraySlice<UInt8>) {
        problemCount += 1
        guard problems.count < Self.longestProblemList else { return }
        let quoted = safeText(String(decoding: text.prefix(60), as: UTF8.self))
        problems.append(Problem(line: line, reason: "\(reason): \"\(quoted)\""))
    }
}

/// How a header lists features.
private struct HeaderStyle {
    private var supported = 0
    private var others = 0

    mutating func add(_ name: String, _ value: String) {
        if name.hasPrefix("HAVE_"), value == "1" {
            supported += 1
        } else if name.contains("HAVE_") || name.contains("BPF__PROG_TYPE_") {
            others += 1
        }
    }

    /// Every feature has the value 1, and nothing is said to be missing.
    var namesOnlySupported: Bool { supported > 0 && others == 0 }
}

extension [String] {
    /// Each once, in order.
    fileprivate var reduced: String {
        var seen: [String] = []
        for text in self where !seen.contains(text) { seen.append(text) }
        return seen.joined(separator: "; ")
    }
}

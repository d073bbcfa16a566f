import Glibc
import UnstuckFormats
import UnstuckKernel
import UnstuckModel
import UnstuckRender

extension OperationError.Code {
    /// A file cannot be opened or read; the cause is a `SystemError`.
    public static let unreadableFile = Self(rawValue: "unreadable-file")
    /// A file cannot be written; the cause is an `OutputFile.Failure`.
    public static let unwritableFile = Self(rawValue: "unwritable-file")
    /// Cut off, or changed on the way: gzip, or JSON inside of a bundle.
    public static let damagedBundle = Self(rawValue: "damaged-bundle")
    /// Not what `unstuck collect` writes.
    public static let notABundle = Self(rawValue: "not-a-bundle")
    /// It is of a version that this program does not read.
    public static let otherVersion = Self(rawValue: "other-version")
    /// What the kernel is was not collected.
    public static let noKernelFacts = Self(rawValue: "no-kernel-facts")
    /// Snapshots of more than one node, boot or choice of maps.
    public static let severalNodes = Self(rawValue: "several-nodes")
    /// It holds what no node has.
    public static let flawedBundle = Self(rawValue: "flawed-bundle")
}

/// Saved snapshots: what `unstuck collect` writes and `diagnose --from` reads.
public enum BundleFile {
    /// What stands for standard input.
    public static let standardInput = "-"
    /// Bytes that a packed bundle may have when it is unpacked.
    private static let mostBytes = 4 << 30

    /// The snapshots of several bundles, in whatever order they were named, sorted out by node and boot.
    public static func nodes(in paths: [String]) throws(OperationError) -> [NodeSamples] {
        var found: [Snapshot] = []
        for path in paths { found += try read(path).snapshots }
        return NodeSamples.sorted(found)
    }

    /// The same where all of them must be of one boot of one node.
    ///
    /// - Parameter purpose: what they are for: "forecast".
    public static func snapshots(in paths: [String], for purpose: String) throws(OperationError) -> [Snapshot] {
        let nodes = try nodes(in: paths)
        guard nodes.count == 1 else {
            let names = nodes.map { "\(safeText($0.host)) (boot \(safeText(String($0.boot.prefix(8)))))" }
            throw OperationError(
                .severalNodes,
                "these snapshots are of \(nodes.count) nodes, boots or choices of maps, which are never compared: "
                    + "\(names.joined(separator: ", ")); \(purpose) one at a time")
        }
        return nodes[0].snapshots
    }

    /// One bundle, its snapshots in its order.
    ///
    /// - Parameter path: of a file, packed by gzip or not; ``standardInput``.
    public static func read(_ path: String) throws(OperationError) -> Bundle {
        let name = path == standardInput ? "standard input" : safeText(path)
        let bytes: [UInt8]
        do {
            bytes =
                try path == standardInput
                ? OwnedDescriptor(owning: STDIN_FILENO, named: name).readAll(sizeHint: 1 << 20)
                : OwnedDescriptor(path: path).readAll(sizeHint: 1 << 20)
        } catch {
            throw OperationError(.unreadableFile, "cannot read \(name): \(error.reason)", cause: error)
        }
        return try bundle(from: bytes, named: name)
    }

    /// What a bundle says of its node's kernel.
    ///
    /// - Throws: also where it says nothing: version 1 did not.
    public static func kernelFacts(in path: String) throws(OperationError) -> KernelFacts {
        guard let facts = try read(path).snapshots.lazy.compactMap(\.kernel).last else {
            throw OperationError(
                .noKernelFacts,
                "\(path == standardInput ? "standard input" : safeText(path)) does not say what its kernel is (not collected): "
                    + "collect again with \(unstuckVersion), or run this on the node")
        }
        return facts
    }

    /// The bundle of a file's bytes. Anybody may have written them.
    ///
    /// - Parameter name: what errors call it, safe for a terminal.
    public static func bundle(from bytes: [UInt8], named name: String) throws(OperationError) -> Bundle {
        let text = try unpacked(bytes, name)
        let bundle: Bundle
        do {
            bundle = try JSON.decode(SavedBundle.self, from: text).bundle
        } catch let failure as SavedBundle.Failure {
            throw OperationError(failure.code, "\(name) \(failure)", cause: failure)
        } catch let error as DecodingError {
            throw misfit(error, text, name)
        } catch {
            throw OperationError(.notABundle, "\(name) is not a bundle of `unstuck collect`", cause: error)
        }
        if let flaw = bundle.flaw { throw OperationError(.flawedBundle, "\(name) cannot be evaluated: \(flaw)") }
        return bundle
    }

    private static func unpacked(_ bytes: [UInt8], _ name: String) throws(OperationError) -> [UInt8] {
        guard !bytes.isEmpty else { throw OperationError(.notABundle, "\(name) is empty: collect again") }
        guard Gunzip.isPacked(bytes) else { return bytes }
        do {
            return try Gunzip.unpack(bytes, limit: mostBytes)
        } catch {
            let whole = JSONExtent(of: error.unpacked, countingElementsOf: "snapshots")
            throw OperationError(
                .damagedBundle, "\(name) is not whole: \(error)\(inside(whole)); \(advice)", cause: error)
        }
    }

    /// Why JSON is no bundle: it is not whole, or not what a bundle holds.
    private static func misfit(_ error: DecodingError, _ text: [UInt8], _ name: String) -> OperationError {
        let extent = JSONExtent(of: text, countingElementsOf: "snapshots")
        guard extent.end != .whole else {
            let number = error.hasNoPlace ? (try? JSON.decode(MisfitNumber.self, from: text))?.path : nil
            let place = number.map(DecodingPlace.init(ofNumber:)) ?? DecodingPlace(error)
            return OperationError(.flawedBundle, "\(name) cannot be evaluated: \(place)", cause: error)
        }
        guard extent.hasList else {
            return OperationError(.notABundle, "\(name) is not a bundle of `unstuck collect`", cause: error)
        }
        let what =
            extent.end == .cutOff
            ? "it is cut off after \(text.count) bytes" : "its JSON is damaged at byte \(extent.position)"
        return OperationError(.damagedBundle, "\(name) is not whole: \(what)\(inside(extent)); \(advice)", cause: error)
    }

    private static func inside(_ extent: JSONExtent) -> String {
        guard extent.hasList else { return "" }
        let before =
            extent.elements == 0
            ? "" : "; \(pluralized(extent.elements, "snapshot")) before it \(extent.elements == 1 ? "is" : "are") whole"
        return extent.end == .whole ? "" : ", in snapshot \(extent.elements + 1)\(before)"
    }

    private static let advice = "copy it again, or collect again"
}

extension DecodingError {
    /// The decoder says this of a number that its type cannot hold.
    fileprivate var hasNoPlace: Bool {
        if case .dataCorrupted(let context) = self { context.codingPath.isEmpty } else { false }
    }
}

extension SavedBundle.Failure {
    fileprivate var code: OperationError.Code {
        switch self {
        case .notABundle: .notABundle
        case .version: .otherVersion
        case .mixed: .flawedBundle
        }
    }
}

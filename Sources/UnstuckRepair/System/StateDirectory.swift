import FoundationEssentials
import Glibc
import UnstuckKernel
import UnstuckModel

/// What stands below `/run/unstuck` about single maps: one file a map, written by the one who works on it. It goes with the
/// next boot, as what it tells of does.
public struct StateDirectory<Record: Codable & Sendable>: Sendable {
    let folder: String

    public init(folder: String) { self.folder = folder }

    func path(_ map: UInt32) -> String { "\(folder)/\(map).json" }

    /// The right to change what stands there of a map, as long as it is held.
    ///
    /// - Parameter seconds: how long to wait for another who has it.
    public func lock(_ map: UInt32, patience seconds: Double = 0) throws(FileLock.Failure) -> FileLock {
        try FileLock(path: "\(folder)/\(map).lock", patience: seconds, isTransient: true)
    }

    /// Whether someone has that right now, in whatever PID namespace; `nil`: it cannot be seen.
    public func isLocked(_ map: UInt32) -> Bool? { FileLock.isHeld("\(folder)/\(map).lock") }

    /// Seconds since a map's file was written; `nil`: there is none that can be seen.
    public func age(of map: UInt32) -> Double? {
        var status = stat()
        guard unsafe stat(path(map), &status) == 0 else { return nil }
        let written = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        return max(0, SystemClock.wall.seconds - written)
    }

    /// Makes the folder, and the one above it, and removes what a run that was killed while writing has left.
    public func prepare() {
        if let slash = folder.lastIndex(of: "/") { unsafe _ = mkdir(String(folder[..<slash]), 0o755) }
        unsafe _ = mkdir(folder, 0o755)
        for name in directoryNames(folder) {
            guard let dot = name.firstIndex(of: "."), let map = UInt32(name[..<dot]),
                name[dot...].hasPrefix(".json.")
            else { continue }
            // Anyone who writes has the lock.
            guard let lock = try? lock(map) else { continue }
            unsafe _ = unlink("\(folder)/\(name)")
            _ = consume lock
        }
    }

    /// Replaces a map's file in one step.
    public func write(_ record: Record, of map: UInt32) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        try OutputFile.write(Array(try encoder.encode(record)), to: path(map), mode: 0o644)
    }

    public func remove(_ map: UInt32) {
        unsafe _ = unlink(path(map))
        // Of a run that was killed while writing.
        for name in directoryNames(folder) where name.hasPrefix("\(map).json.") {
            unsafe _ = unlink("\(folder)/\(name)")
        }
    }

    func exists(_ map: UInt32) -> Bool { unsafe access(path(map), F_OK) == 0 }

    /// What is written of a map; `nil`: nothing that can be read.
    public func record(of map: UInt32) -> Record? {
        (try? readFile(path(map))).flatMap { try? JSONDecoder().decode(Record.self, from: Data($0)) }
    }

    /// What is written; a file that cannot be read, or the folder, is passed over and told by its name.
    public func read() -> (records: [Record], unreadable: [String]) {
        var result: (records: [Record], unreadable: [String]) = ([], [])
        guard let names = try? readDirectory(folder) else { return ([], [folder]) }
        for name in names.sorted() where name.hasSuffix(".json") {
            guard let map = UInt32(name.dropLast(".json".count)), let record = record(of: map) else {
                result.unreadable.append("\(folder)/\(name)")
                continue
            }
            result.records.append(record)
        }
        return result
    }
}

public typealias GuardRegistry = StateDirectory<GuardState>
public typealias BypassRegistry = StateDirectory<BypassState>

extension StateDirectory<GuardState> {
    public init() { self.init(folder: "/run/unstuck/guard") }
    public func write(_ state: GuardState) throws { try write(state, of: state.map) }
}

extension StateDirectory<BypassState> {
    public func write(_ state: BypassState) throws { try write(state, of: state.map) }
}

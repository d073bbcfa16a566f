import Foundation
import TestSupport
import Testing
import UnstuckModel
import UnstuckRepair

/// What a run that was killed while writing leaves below /run/unstuck.
@Suite("Records of single maps")
struct StateDirectoryTests {
    @Test func whatAKilledRunLeftGoes() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "records-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let registry = GuardRegistry(folder: folder)
        registry.prepare()
        let record = GuardState(map: 35, mapName: "cilium_sock_ops", mode: .preserve, isPinned: true, since: 1)
        try registry.write(record, of: 35)
        let left = ["35.json.partial-1-0", "35.json.new", "36.json.partial-1-0"]
        let others = ["notes.json.txt", "x.lock", "old.json.new"]
        for name in left + others {
            try Data("{".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        // Anyone who writes of a map has its lock.
        var lock: FileLock? = try registry.lock(36)
        registry.prepare()
        let held = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(held) == Set(["35.json", "36.lock", "36.json.partial-1-0"] + others))
        lock = nil
        registry.prepare()
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == Set(["35.json"] + others))
        #expect(registry.record(of: 35)?.mapName == "cilium_sock_ops")
        withExtendedLifetime(lock) {}
    }
}

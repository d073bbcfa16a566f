import Glibc
import UnstuckKernel
import UnstuckModel

/// A fault that was made and seen to have happened; kept in the lab's `faults` folder until it is healed.
public struct Fault: Hashable, Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case zombie
        case leak
        case crash
        case crossWired = "cross-wired"
        case sharedTuple = "shared-tuple"
    }

    public var kind: Kind
    /// What was done, in a sentence.
    public var summary: String
    /// The tuples that are poisoned, as a client would use them: anyone who connects so next is a victim.
    public var victims: [FourTuple]
    /// Processes that keep the fault alive and are ended by `heal`.
    public var holders: [Int32]
    /// Who holds the dead sockets: a server's process and descriptors, in the order of `victims`.
    public var heldBy: [Held]
    /// Entries in the accelerator's map that the fault left behind; `nil` where there is no accelerator.
    public var entriesLeft: Int?

    public struct Held: Hashable, Sendable, Codable {
        public var pid: Int32
        public var descriptor: Int32
    }

    init(
        _ kind: Kind, _ summary: String, victims: [FourTuple], holders: [Int32] = [], heldBy: [Held] = [],
        entriesLeft: Int? = nil
    ) {
        self.kind = kind
        self.summary = summary
        self.victims = victims
        self.holders = holders
        self.heldBy = heldBy
        self.entriesLeft = entriesLeft
    }
}

extension Lab {
    /// The faults that were made and not healed.
    public func faults() throws -> [Fault] {
        try directoryNames(layout.faults).filter { $0.hasSuffix(".json") }.sorted().map { name in
            try JSONText.decode(Fault.self, from: readText("\(layout.faults)/\(name)") ?? "")
        }
    }

    func record(_ fault: Fault) throws {
        let number = directoryNames(layout.faults).count
        try Files.publish(
            try JSONText.encode(fault, pretty: true) + "\n",
            at: "\(layout.faults)/\(number)-\(fault.kind.rawValue).json")
    }

    /// Undoes every fault: the servers close what they hold, the holders end.
    /// - Returns: what was undone, a line each.
    @discardableResult
    public func heal() throws -> [String] {
        let state = try runningState()
        var done: [String] = []
        for fault in try faults() {
            for holder in fault.holders where try end(holder: holder) {
                done.append("ended the holder \(holder) of \(fault.kind.rawValue)")
            }
        }
        for pod in state.pods.filter(\.isServer) {
            let log = ServerLog(lab: self, host: pod.id)
            let start = log.end
            try signalServer(pod.id, SIGUSR1)
            guard let line = log.wait(from: start, for: { $0.hasPrefix("released ") ? $0 : nil }) else {
                throw LabError(.failed, "the server of \(pod.id) did not let go of its connections")
            }
            done.append("\(pod.id) \(line)")
        }
        for name in directoryNames(layout.faults) { try Files.removeTree("\(layout.faults)/\(name)") }
        return done
    }

    /// Ends a process that keeps a fault alive.
    /// - Returns: false if it had gone already; a process outside the lab is never touched.
    @discardableResult
    func end(holder: Int32) throws -> Bool {
        guard ControlGroup(layout.cgroup).tree.contains(where: { $0.processes.contains(holder) }) else { return false }
        kill(holder, SIGTERM)
        let hasGone = Deadline(after: .patience).wait {
            // The first buries it if it was this very process that started it.
            waitpid(holder, nil, WNOHANG) == holder || !Files.exists("/proc/\(holder)")
        }
        guard hasGone else { throw LabError(.failed, "the holder \(holder) does not end") }
        return true
    }

    /// The server's process of a pod.
    func server(of id: HostID) throws -> Int32 {
        let pod = try host(id)
        let ready = readText(layout.readyPath(id)).flatMap { Int32($0.filter(\.isNumber)) }
        guard let pid = ready, pod.processes.contains(pid) else {
            throw LabError(.invalid, "\(id) runs no server (pods called web-… do)")
        }
        return pid
    }

    func signalServer(_ id: HostID, _ number: Int32) throws {
        let pid = try server(of: id)
        try syscall("kill", on: "server \(pid) of \(id)") { kill(pid, number) }
    }
}

import UnstuckModel

/// The words for things that appear in more than one finding.
enum Label {
    /// A foreign name, harmless and of a length that fits a line.
    static func safe(_ text: String) -> String { safeText(String(text.prefix(64))) }

    static func map(_ map: Sockmap) -> String { "sockmap \(map.id) \"\(safe(map.name))\"" }

    /// `web[2210] fd 17`
    static func descriptor(_ owner: SocketOwner) -> String {
        "\(safe(owner.command))[\(owner.pid)] fd \(owner.descriptor)"
    }

    /// `web[2210]`
    static func process(_ owner: SocketOwner) -> String { "\(safe(owner.command))[\(owner.pid)]" }

    static func state(_ state: ProcessState) -> String {
        switch state {
        case .running: "running"
        case .sleeping: "sleeping"
        case .waitingForDisk: "in an uninterruptible wait"
        case .stopped, .traced: "stopped"
        case .zombie, .dead: "dead"
        default: "in state \(state.rawValue)"
        }
    }

    /// What a thread waits in: the system call where it is known, else the kernel function.
    static func wait(_ thread: ObservedThread) -> String {
        thread.systemCall?.name?.rawValue ?? thread.waitChannel.map(safe) ?? state(thread.state)
    }

    /// What a process does: `sleeping, blocked in futex (3 of 4 threads), epoll_wait`.
    static func activity(_ process: ObservedProcess) -> String {
        let waits = Dictionary(grouping: process.threads.filter { $0.state != .running }, by: wait)
            .sorted { one, other in
                one.value.count == other.value.count ? one.key < other.key : one.value.count > other.value.count
            }
        let running = process.threads.count { $0.state == .running }
        var parts = waits.prefix(3).map { name, threads in
            process.threads.count > 1 ? "\(name) (\(threads.count) of \(process.threads.count) threads)" : name
        }
        // The process's state is its first thread's.
        if process.state == .running, running < 2 { return ([state(process.state)] + parts).joined(separator: ", ") }
        if running > 0 { parts.insert("\(running == 1 ? "a thread" : "\(running) threads") running", at: 0) }
        return state(process.state) + (parts.isEmpty ? "" : ", in " + parts.joined(separator: ", "))
    }

    /// `kubelet[812] `, or nothing.
    /// `3 of at most 129 connections`; `nil`: it was not read.
    static func acceptQueue(_ listener: TCPSocket) -> String? {
        guard let waiting = listener.acceptQueue, let limit = listener.acceptLimit else { return nil }
        return "\(waiting) of at most \(UInt64(limit) + 1) connections"
            + (waiting > limit ? ": full, new ones are dropped" : "")
    }

    static func owner(_ owner: SocketOwner?) -> String { owner.map { "\(safe($0.command))[\($0.pid)] " } ?? "" }

    static func duration(seconds: Double) -> String { durationText(seconds) }

    static func duration(milliseconds: UInt32) -> String { durationText(Double(milliseconds) / 1000) }

    static func bytes(_ count: UInt64, partial: Bool) -> String {
        "\(partial ? "at least " : "")\(count) byte\(count == 1 ? "" : "s")"
    }

    /// A percentage with one decimal.
    static func share(_ part: Int, of total: Int) -> String {
        guard total > 0 else { return "0 %" }
        let tenths = (part * 2000 + total) / (2 * total)
        return tenths % 10 == 0 ? "\(tenths / 10) %" : "\(tenths / 10).\(tenths % 10) %"
    }
}

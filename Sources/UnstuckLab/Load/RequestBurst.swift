import Glibc
import UnstuckKernel
import UnstuckModel

/// Many health checks, each over a new connection whose source port the kernel chooses, as kubelet makes them: how many
/// hang?
public struct RequestBurst: Sendable {
    public struct Report: Sendable, Codable {
        public var answered = 0
        public var hung = 0
        /// Connections that could not be made, or ended without an answer.
        public var failed = 0
    }

    public var target: Endpoint
    public var count: Int
    /// Requests under way at the same time.
    public var width = 100
    /// A request hangs if it is unanswered after nobody has been answered for so long.
    public var silence = Duration.milliseconds(600)

    public init(target: Endpoint, count: Int) {
        self.target = target
        self.count = count
    }

    /// Runs in the calling process's namespace and control group.
    public func run() -> Report {
        var report = Report()
        var left = count
        while left > 0 {
            fire(min(width, left), &report)
            left -= width
        }
        return report
    }

    private func fire(_ size: Int, _ report: inout Report) {
        let bytes = Request(target: target).bytes
        var waiting: [ScenarioSocket] = []
        for _ in 0..<size {
            guard let client = try? TCP.connected(from: nil, to: target) else {
                report.failed += 1
                continue
            }
            let socket = ScenarioSocket(client)
            guard (try? socket.send(bytes)) != nil else {
                report.failed += 1
                continue
            }
            waiting.append(socket)
        }
        var deadline = Deadline(after: silence)
        while !waiting.isEmpty, !deadline.hasPassed {
            var polled = waiting.map { pollfd(fd: $0.raw, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&polled, nfds_t(polled.count), deadline.remainingMilliseconds) > 0 else {
                continue
            }
            var still: [ScenarioSocket] = []
            for (socket, answer) in zip(waiting, polled) {
                guard answer.revents != 0 else {
                    still.append(socket)
                    continue
                }
                let heard = (try? TCP.receive(64, on: socket.raw)) ?? []
                if heard.isEmpty { report.failed += 1 } else { report.answered += 1 }
                // With a RST: the port can be chosen again at once, and none is refused because of TIME_WAIT.
                try? socket.reset()
                deadline = Deadline(after: silence)
            }
            waiting = still
        }
        report.hung += waiting.count
        for socket in waiting { try? socket.reset() }
    }
}

import TestSupport

/// A socket as `ss` lists it in the network namespace of a process.
struct ListedSocket {
    var state: String
    var receiveQueue: Int
    var sendQueue: Int
    var local: String
    var remote: String
    /// `on`, `persist`, `keepalive`; `nil`: none runs.
    var timer: String?
    /// 0: no process has it.
    var inode: Int
    /// Words of `-i` such as `bytes_received:34`.
    var words: [Substring]

    func number(_ name: String) -> Int {
        words.first { $0.hasPrefix("\(name):") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
    }

    static func all(in process: Int32) throws -> [ListedSocket] {
        let output = try Programs.run(
            "nsenter", ["--net=/proc/\(process)/ns/net", "ss", "--no-header", "--oneline", "-tanoei"])
        guard output.status == 0 else { throw CauseProgram.Failure(description: "ss: \(output.errors)") }
        return output.text.split(separator: "\n").compactMap(ListedSocket.init)
    }

    private init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count >= 5, let receive = Int(words[1]), let send = Int(words[2]) else { return nil }
        state = String(words[0])
        receiveQueue = receive
        sendQueue = send
        local = String(words[3])
        remote = String(words[4])
        timer = words.first { $0.hasPrefix("timer:(") }
            .flatMap { $0.dropFirst("timer:(".count).split(separator: ",").first.map(String.init) }
        inode = words.first { $0.hasPrefix("ino:") }.flatMap { Int($0.dropFirst("ino:".count)) } ?? 0
        self.words = words
    }
}

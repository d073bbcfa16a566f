import Foundation

/// A socket as a line of `ss -tainoemOH` shows it.
struct ListedBySS {
    var state: String
    var local: String
    var remote: String
    /// By the names of `unstuck sockets`, in its units.
    var numbers: [String: Double] = [:]
    /// How far off a number may be by the way that ss prints it.
    var roundings: [String: Double] = [:]
    var options: Set<String> = []
    var congestion: String?
    var timer: String?

    private static let states = [
        "ESTAB": "ESTABLISHED", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
        "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
        "LISTEN": "LISTEN", "CLOSING": "CLOSING",
    ]

    /// ss's `name:NUMBER`, ours, and how many of ours one of it is.
    private static let named: [(String, String, Double)] = [
        ("rto", "rto_us", 1000), ("ato", "ato_us", 1000), ("mss", "mss", 1), ("pmtu", "pmtu", 1),
        ("rcvmss", "rcvmss", 1),
        ("advmss", "advmss", 1), ("cwnd", "cwnd", 1), ("ssthresh", "ssthresh", 1), ("bytes_sent", "bytes_sent", 1),
        ("bytes_retrans", "bytes_retrans", 1), ("bytes_acked", "bytes_acked", 1),
        ("bytes_received", "bytes_received", 1),
        ("segs_out", "segs_out", 1), ("segs_in", "segs_in", 1), ("data_segs_out", "data_segs_out", 1),
        ("data_segs_in", "data_segs_in", 1), ("lastsnd", "lastsnd_ms", 1), ("lastrcv", "lastrcv_ms", 1),
        ("lastack", "lastack_ms", 1), ("delivered", "delivered", 1), ("reordering", "reordering", 1),
        ("rcv_space", "rcv_space", 1), ("rcv_ssthresh", "rcv_ssthresh", 1), ("notsent", "notsent", 1),
        ("minrtt", "minrtt_us", 1000), ("rcv_rtt", "rcv_rtt_us", 1000), ("snd_wnd", "snd_wnd", 1),
        ("unacked", "unacked", 1), ("backoff", "backoff", 1), ("lost", "lost", 1), ("sacked", "sacked", 1),
        ("rcv_ooopack", "rcv_ooopack", 1), ("dsack_dups", "dsack_dups", 1), ("reord_seen", "reord_seen", 1),
        ("busy", "busy_us", 1000), ("rwnd_limited", "rwnd_limited_us", 1000),
        ("sndbuf_limited", "sndbuf_limited_us", 1000), ("uid", "uid", 1), ("ino", "inode", 1),
    ]

    private static let memory = [
        "r": "rmem", "rb": "rcvbuf", "t": "wmem", "tb": "sndbuf", "f": "fwd_alloc", "w": "wmem_queued", "o": "optmem",
        "bl": "backlog", "d": "drops",
    ]

    init?(line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 5, let state = Self.states[words[0]] else { return nil }
        (self.state, local, remote) = (state, words[3], words[4])
        let isListener = state == "LISTEN"
        numbers[isListener ? "accept_queue" : "recv_q"] = Double(words[1])
        numbers[isListener ? "accept_limit" : "send_q"] = Double(words[2])
        for (position, word) in words.enumerated().dropFirst(5) { read(word, position > 0 ? words[position - 1] : "") }
        // Of these ss prints what belongs to no connection.
        if isListener {
            let own: Set = ["accept_queue", "accept_limit", "uid", "inode"]
            numbers = numbers.filter { own.contains($0.key) || Self.memory.values.contains($0.key) }
            (options, congestion, timer) = ([], nil, nil)
        }
    }

    private mutating func read(_ word: String, _ before: String) {
        if ["ts", "sack", "ecn", "ecnseen", "app_limited"].contains(word) {
            options.insert(word)
        } else if ["cubic", "reno", "bbr"].contains(word) {
            congestion = word
        } else if ["pacing_rate", "delivery_rate"].contains(before), word.hasSuffix("bps") {
            // Behind a slash is the largest one.
            let bits = word.split(separator: "/")[0].replacing("bps", with: "")
            numbers[before] = Double(bits).map { $0 / 8 }
            roundings[before] = 1
        } else if let colon = word.firstIndex(of: ":") {
            read(String(word[..<colon]), value: String(word[word.index(after: colon)...]))
        }
    }

    private mutating func read(_ name: String, value: String) {
        let parts = value.split(whereSeparator: { "/(,)".contains($0) }).map(String.init)
        switch name {
        case "timer": readTimer(parts)
        case "skmem":
            for part in parts {
                let letters = String(part.prefix { $0.isLetter })
                if let name = Self.memory[letters] { numbers[name] = Double(part.dropFirst(letters.count)) }
            }
        case "rtt":
            for (part, name) in zip(parts, ["rtt_us", "rttvar_us"]) {
                numbers[name] = Double(part).map { $0 * 1000 }
                roundings[name] = 10  // %g: six digits
            }
        case "wscale":
            for (part, name) in zip(parts, ["snd_wscale", "rcv_wscale"]) { numbers[name] = Double(part) }
        case "retrans":
            for (part, name) in zip(parts, ["retrans", "retrans_total"]) { numbers[name] = Double(part) }
        default:
            guard let (_, ours, factor) = Self.named.first(where: { $0.0 == name }),
                let number = Double(value.prefix { $0.isNumber || $0 == "." })
            else { return }
            numbers[ours] = number * factor
            // Fractions of six digits, and whole milliseconds.
            if factor > 1 { roundings[ours] = value.hasSuffix("ms") || value.contains("(") ? 1000 : 10 }
        }
    }

    /// `keepalive,119min,0`, `on,1.364ms,2` (seconds and thousandths), `on,200ms,0`, `persist,12sec,1`.
    private mutating func readTimer(_ parts: [String]) {
        guard parts.count == 3 else { return }
        timer = parts[0]
        numbers["timer_count"] = Double(parts[2])
        var milliseconds = 0.0
        var rounding = 0.0
        var rest = Substring(parts[1])
        if let minutes = rest.range(of: "min") {
            milliseconds += (Double(rest[..<minutes.lowerBound]) ?? 0) * 60_000
            rounding = milliseconds > 540_000 ? 60_000 : 1000
            rest = rest[minutes.upperBound...]
        }
        if rest.hasSuffix("sec") {
            milliseconds += (Double(rest.dropLast(3)) ?? 0) * 1000
            rounding = max(rounding, 1000)
        } else if rest.hasSuffix("ms") {
            let number = rest.dropLast(2)
            milliseconds += (Double(number) ?? 0) * (number.contains(".") ? 1000 : 1)
        }
        numbers["timer_ms"] = milliseconds
        roundings["timer_ms"] = rounding
    }
}

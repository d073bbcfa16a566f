import Testing
import UnstuckModel

@Suite("Filters of sockets")
struct SocketFilterTests {
    /// A socket as a filter sees it.
    struct Subject: FilteredSocket {
        var tcp: TCPSocket
        var details = SocketDetails()
        var pod: String?
        var owners: [SocketOwner] = []
        var namespaceName: String?

        init(_ local: String, _ remote: String, _ state: TCPState = .established) throws {
            let tuple = try FourTuple(local: #require(Endpoint(local)), remote: #require(Endpoint(remote)))
            tcp = TCPSocket(
                socket: KernelSocket(
                    identity: SocketIdentity(address: 1), tuple: tuple, state: state, hasSocket: true, isDead: false,
                    inode: 7, netns: 4_026_532_001, cgroup: 0, handlers: nil, psock: nil))
        }
    }

    static func web() throws -> Subject {
        var subject = try Subject("10.1.2.3:8080", "192.0.2.10:50504")
        subject.pod = "shop/web-0"
        subject.namespaceName = "blue"
        subject.owners = [
            SocketOwner(pid: 812, command: "nginx", descriptor: 3, inode: 7, startTime: 1),
            SocketOwner(pid: 813, command: "two words", descriptor: 4, inode: 7, startTime: 1),
        ]
        subject.tcp.queues = TCPSocket.Queues(receive: 18, send: 0)
        subject.details.roundTrip = 12_000
        subject.tcp.millisecondsSinceReceive = 5000
        subject.details.memory = SocketDetails.Memory([0, 131_072, 0, 2 << 20, 0, 0, 0, 0])
        return subject
    }

    @Test(arguments: [
        "", "all", "state established", "established", "ESTAB", "state all", "connected", "synchronized", "big",
        "src 10.0.0.0/8", "src = 10.1.2.3", "src 10.1.2.3:8080", "dst 192.0.2.0/24:50000-60000", "dst :50504",
        "addr 192.0.2.10", "addr 10.1.2.3", "10.1.2.3", "192.0.2.10:50504", "addr != 192.0.2.11", "src *:8080",
        "sport 8080", "sport = :8080", "dport 50000-60000", "port 8080", "port 50504", "dport > 50503",
        "dport >= 50504",
        "sport < 8081", "sport <= 8080", "sport != 80", "sport eq 8080", "dport gt 1", "sport ne 1", "port *",
        "pod shop/web-0", "pod shop/*", "pod *", "pod = '*web-0'", "pod != kube/*", "pod s*p/w*-0",
        "process nginx", "process = 'two words'", "process two*", "pid 812", "pid = 813", "pid != 1",
        "netns 4026532001", "netns blue", "ipv4", "not ipv6",
        "recv_q > 0", "Recv-Q >= 18", "recv_q = 18", "send_q = 0", "rtt_us < 12001", "rtt > 10ms", "rtt <= 12ms",
        "rtt = 12000us", "lastrcv >= 5s", "lastrcv_ms != 4999", "sndbuf >= 1m", "sndbuf = 2m", "rcvbuf = 128k",
        "10.1.2.3:8080 -> 192.0.2.10:50504", "192.0.2.10:50504 -> 10.1.2.3:8080", "10.1.2.3:8080 <- 192.0.2.10:50504",
        "10.1.2.3:8080 192.0.2.10:50504",
        "state established and port 8080", "established port 8080", "established && sport 8080",
        "port 1 or port 8080", "port 1 || sport 8080", "port 1 | sport 8080", "not port 1", "! port 1",
        "not not port 8080",
        "port 1 or port 2 or (established and not (port 3 or port 4))",
        // and binds closer than or; not closer than both
        "port 8080 or port 1 and port 2", "not port 1 and port 8080", "(port 8080 or port 1) and established",
        "exclude time-wait", "not state listening", "  port   8080  ",
    ])
    func takes(_ text: String) throws {
        #expect(try SocketFilterParser.parse(text).takes(Self.web()))
    }

    @Test(arguments: [
        "state close-wait", "exclude established", "time-wait", "bucket", "listening", "syn-recv",
        "src 192.0.2.0/24", "src 10.1.2.3:8081", "dst 10.1.2.3", "addr 10.1.2.4", "10.1.2.3:50504",
        "addr 10.1.2.3:50504",
        "addr 2001:db8::/32", "addr ::/0", "sport 50504", "dport 8080", "port 1-100", "sport > 8080", "sport < 8080",
        "dport < 0", "dport > 65535", "port != 8080", "pod shop/web", "pod web-0", "pod shop", "process nginx2",
        "pid 1",
        "netns red", "ipv6", "recv_q > 18", "rtt > 12ms", "cwnd = 0", "cwnd != 0", "cwnd > 0", "sndbuf < 2m",
        "10.1.2.3:8080 -> 192.0.2.10:50505", "port 8080 and port 1", "not established", "port 8080 port 1",
        "(port 8080 or port 1) and listening", "not (port 8080 or port 1)",
    ])
    func leavesOut(_ text: String) throws {
        #expect(try !SocketFilterParser.parse(text).takes(Self.web()))
    }

    /// Each with the character that it is about, from 1, and a part of what is said.
    @Test(arguments: [
        ("state", 6, "the end is no state"), ("state nope", 7, "'nope' is no state; there are: established"),
        ("port", 5, "expected a port"), ("port 70000", 6, "no port (0 to 65535)"), ("port 80-", 6, "no range"),
        ("port 90-80", 6, "ends before it begins"), ("port < 80-90", 8, "compared by '=' or '!=' only"),
        ("port -1", 6, "no port"), ("port +80", 6, "no port"), ("src", 4, "expected an address"),
        ("src nowhere", 5, "'nowhere' is no address"), ("dst 10.0.0.0/33", 5, "is no address"),
        ("dst 2001:db8::/129", 5, "is no address"), ("src 10.0.0.1:x", 5, "is no port"),
        ("(port 1", 8, "expected ')', not the end"), ("port 1)", 7, "not ')'"), ("()", 2, "expected a condition"),
        ("port 1 and", 11, "expected a condition"), ("port 1 or or port 2", 11, "'or' is no condition"),
        ("not", 4, "expected a condition"), ("pod", 4, "expected a name"), ("pod ''", 5, "an empty text"),
        ("pid nginx", 5, "no process id"), ("pid 0", 5, "no process id"), ("process 'nginx", 9, "does not end"),
        ("recv_q", 7, "expected a comparison"), ("recv_q > x", 10, "no number of bytes"),
        ("rtt > 3 parsecs", 9, "'parsecs' is no condition"), ("cwnd > 3s", 8, "no number of segments"),
        ("sndbuf > 99999999999999999999", 10, "no number"), ("sndbuf > 18446744073709551615g", 10, "no number"),
        ("nonsense", 1, "'nonsense' is no condition"), ("10.1.2.3 -> 192.0.2.10:1", 1, "both ends"),
        ("10.1.2.3:1 -> 192.0.2.10", 15, "both ends"), ("port 1 == 2", 8, "expected \"and\""),
        ("\u{1B}[31m", 1, "'?[31m' is no condition"),
    ])
    func refuses(_ text: String, _ character: Int, _ words: String) throws {
        let error = try #require(throws: FilterError.self) { try SocketFilterParser.parse(text) }
        #expect(error.offset + 1 == character, "\(text): \(error)")
        #expect(error.message.contains(words), "\(text): \(error)")
        #expect(error.message.unicodeScalars.allSatisfy { !$0.actsOnTerminals })
    }

    @Test func nestsToABound() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "port 8080" + String(repeating: ")", count: depth)
        }
        #expect(try SocketFilterParser.parse(nested(90)).takes(Self.web()))
        #expect(throws: FilterError.self) { try SocketFilterParser.parse(nested(100_000)) }
        #expect(throws: FilterError.self) {
            try SocketFilterParser.parse(String(repeating: "not ", count: 100_000) + "port 1")
        }
    }

    /// Whatever is cut off or put together: an error or a filter, never a crash.
    @Test func survivesPieces() throws {
        let whole = "not (state established and [2001:db8::1]:80 -> 10.0.0.1:8080 or pod 'a b' rtt>=5ms port!=1-2)"
        for end in whole.indices { _ = try? SocketFilterParser.parse(String(whole[..<end])) }
        for start in whole.indices { _ = try? SocketFilterParser.parse(String(whole[start...])) }
        #expect(throws: Never.self) { try SocketFilterParser.parse(whole) }
    }

    @Test func addressesOfIPv6() throws {
        let subject = try Subject("[2001:db8::1]:443", "[2001:db8:1::2]:40000", .closeWait)
        for text in [
            "src 2001:db8::1", "src [2001:db8::1]:443", "dst 2001:db8::/32", "dst [2001:db8:1::]/48:40000",
            "[2001:db8::1]:443",
            "addr ::/0", "ipv6", "close-wait", "CLOSE_WAIT",
            "[2001:db8:1::2]:40000 -> [2001:db8::1]:443",
        ] {
            #expect(try SocketFilterParser.parse(text).takes(subject), "\(text)")
        }
        for text in ["addr 0.0.0.0/0", "dst 2001:db8:2::/48", "src [2001:db8::1]:40000", "ipv4"] {
            #expect(try !SocketFilterParser.parse(text).takes(subject), "\(text)")
        }
    }

    @Test func statesHaveManySpellings() throws {
        let half = try Subject("10.0.0.1:1", "10.0.0.2:2", .newSynReceived)
        for text in ["syn-recv", "SYN_RECV", "state synrecv", "bucket"] {
            #expect(try SocketFilterParser.parse(text).takes(half), "\(text)")
        }
        let closing = try Subject("10.0.0.1:1", "10.0.0.2:2", .finWait1)
        #expect(try SocketFilterParser.parse("fin-wait-1").takes(closing))
        #expect(try SocketFilterParser.parse("FIN_WAIT1").takes(closing))
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "203.0.113.1", true),
        ("192.0.2.128/25", "192.0.2.129", true), ("192.0.2.128/25", "192.0.2.127", false),
        ("192.0.2.1", "192.0.2.1", true),
        ("::ffff:192.0.2.0/120", "192.0.2.77", true), ("2001:db8::/33", "2001:db8:8000::1", false),
        ("2001:db8::/33", "2001:db8:7fff::1", true), ("::/0", "192.0.2.1", false),
    ])
    func prefixes(_ prefix: String, _ address: String, _ isInside: Bool) throws {
        let prefix = try #require(AddressPrefix(prefix))
        #expect(prefix.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(arguments: ["10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0/8", "::/129", "::ffff:1.2.3.4/95", "/8", ""])
    func noPrefixes(_ text: String) { #expect(AddressPrefix(text) == nil) }

    /// One name for each field, and none that is another word of filters.
    @Test func fieldsHaveTheirOwnNames() throws {
        let names = SocketField.all.map { "\($0.name)" }
        #expect(Set(names).count == names.count)
        for (position, name) in names.enumerated() {
            #expect(SocketField.position(of: name) == position)
            #expect(try SocketFilterParser.parse("\(name) >= 0") == .field(position, .greaterOrEqual, 0), "\(name)")
        }
    }
}

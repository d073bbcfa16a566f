import Testing
import UnstuckModel

@Suite("Entries, each key once")
struct DistinctEntriesTests {
    static func entry(_ number: Int, keySize: Int = 44, cookie: UInt64 = 1) -> SockmapEntry {
        var key = [UInt8](repeating: 0, count: keySize)
        for index in 0..<4 { key[keySize - 4 + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        let tuple = FourTuple(local: Endpoint(IPAddress(v4: 0), 0), remote: Endpoint(IPAddress(v4: 0), 0))
        return SockmapEntry(
            key: SockmapKey(key),
            socket: KernelSocket(
                identity: SocketIdentity(address: UInt64(number), cookie: cookie), tuple: tuple, state: .established,
                hasSocket: true, isDead: false, inode: 0, netns: 0, cgroup: 0, handlers: nil, psock: nil))
    }

    /// As the kernel repeats them: every few entries, the last few again; and the table has to grow on the way.
    @Test(arguments: [0, 10_000]) func leavesOutRepeats(expected: Int) {
        var distinct = DistinctEntries(expected: expected)
        for number in 0..<10_000 {
            distinct.append(Self.entry(number))
            if number % 215 == 214 {
                for repeated in number - 3...number { distinct.append(Self.entry(repeated, cookie: 2)) }
            }
        }
        #expect(distinct.entries == (0..<10_000).map { Self.entry($0) })
        #expect(distinct.entries.allSatisfy { $0.socket.identity.cookie == 1 })
    }

    @Test(arguments: [4, 7, 8, 44, 64]) func tellsEveryByteApart(keySize: Int) {
        var distinct = DistinctEntries()
        for position in 0..<keySize {
            for bit in 0..<8 {
                var entry = Self.entry(0, keySize: keySize)
                entry.key.bytes[position] = 1 << UInt8(bit)
                distinct.append(entry)
                distinct.append(entry)
            }
        }
        #expect(distinct.entries.count == keySize * 8)
    }
}

@Suite("Keys")
struct SockmapKeyTests {
    @Test func keepsItsBytes() throws {
        for count in 0...SockmapKey.longest {
            let bytes = (0..<count).map { UInt8($0 + 1) }
            let key = SockmapKey(bytes)
            #expect(key.bytes == bytes)
            #expect(key.description == bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            #expect(SockmapKey(hex: key.description) == key)
        }
    }

    /// A key and the same with a zero behind it are two keys.
    @Test func lengthCounts() {
        #expect(SockmapKey([1, 2]) != SockmapKey([1, 2, 0]))
    }

    /// A dump may hold longer keys than the observer reads.
    @Test func refusesLongHex() {
        #expect(SockmapKey(hex: String(repeating: "ab", count: 64)) != nil)
        #expect(SockmapKey(hex: String(repeating: "ab", count: 65)) == nil)
    }

    /// What lies behind the key in a record is not part of it.
    @Test func forgetsPadding() {
        let words = InlineArray<8, UInt64>(repeating: .max)
        #expect(SockmapKey(words: words, count: 44) == SockmapKey([UInt8](repeating: 0xFF, count: 44)))
        #expect(SockmapKey(words: words, count: 64).bytes == [UInt8](repeating: 0xFF, count: 64))
    }
}

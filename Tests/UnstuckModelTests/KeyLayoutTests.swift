import Testing
import UnstuckModel

@Suite("Key layouts")
struct KeyLayoutTests {
    /// The two entries of one connection, byte for byte as the incident's write-up prints them.
    static let incident: [(hex: String, local: String, remote: String)] = [
        (
            """
            0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00
            0a 0a 65 f9 00 00 00 00  00 00 00 00 00 00 00 00
            01 00 00 00 1f 90 00 00  db 78 00 00
            """, "10.10.101.249:56184", "10.10.134.48:8080"
        ),
        (
            """
            0a 0a 65 f9 00 00 00 00  00 00 00 00 00 00 00 00
            0a 0a 86 30 00 00 00 00  00 00 00 00 00 00 00 00
            01 00 00 00 db 78 00 00  1f 90 00 00
            """, "10.10.134.48:8080", "10.10.101.249:56184"
        ),
    ]

    @Test func decodesTheIncident() throws {
        for line in Self.incident {
            let key = try #require(SockmapKey(hex: line.hex))
            let claim = try #require(KeyLayout.cilium.decode(key.bytes))
            #expect(claim.local.description == line.local)
            #expect(claim.remote.description == line.remote)
            #expect(KeyLayout.cilium.encode(claim) == key.bytes)
        }
    }

    @Test(arguments: [("2001:db8::10", "2001:db8:0:1::11"), ("192.0.2.10", "203.0.113.7")])
    func roundTrips(_ local: String, _ remote: String) throws {
        let tuple = FourTuple(
            local: Endpoint(try #require(IPAddress(local)), 50504),
            remote: Endpoint(try #require(IPAddress(remote)), 8080))
        #expect(KeyLayout.cilium.decode(KeyLayout.cilium.encode(tuple)) == tuple)
    }

    @Test func toleratesTheProtocolByte() throws {
        var key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        key[33] = 6
        #expect(KeyLayout.cilium.decode(key) != nil)
    }

    /// Each of these changes one byte that the layout fixes.
    @Test(arguments: [(4, 1), (15, 1), (20, 9), (32, 0), (32, 3), (33, 7), (34, 1), (38, 1), (43, 1)])
    func refusesWhatDoesNotFit(_ index: Int, _ byte: Int) throws {
        var key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        key[index] = UInt8(byte)
        #expect(KeyLayout.cilium.decode(key) == nil)
    }

    @Test func refusesOtherSizes() throws {
        let key = try #require(SockmapKey(hex: Self.incident[0].hex)).bytes
        #expect(KeyLayout.cilium.decode(Array(key.dropLast())) == nil)
        #expect(KeyLayout.cilium.decode(key + [0]) == nil)
        #expect(KeyLayout.cilium.decode([]) == nil)
    }
}

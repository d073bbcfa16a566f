import Testing
import UnstuckModel

@Suite("An index by hash")
struct HashIndexTests {
    /// Few hashes for many elements: every chain holds elements that must be distinguished.
    @Test(arguments: [0, 1, 15, 16, 17, 1000])
    func findsWhatADictionaryOfArraysFinds(_ count: Int) {
        let list = (0..<count).map { UInt64($0 * $0 % 37) }
        let index = HashIndex(count: count) { list[$0] == 5 ? nil : list[$0] % 11 }
        let expected = Dictionary(grouping: list.indices.filter { list[$0] != 5 }) { list[$0] }
        for value in 0..<UInt64(37) {
            let found = index.all(value % 11) { list[$0] == value }
            #expect(found == expected[value] ?? [], "\(value): in the list's order, without what was left out")
            #expect(index.first(value % 11) { list[$0] == value } == found.first)
        }
    }

    @Test func equalTuplesHashAlikeAndReversedOnesDoNot() throws {
        let tuple = try FourTuple(
            local: #require(Endpoint("192.0.2.10:50504")), remote: #require(Endpoint("203.0.113.10:8080")))
        let mapped = try FourTuple(
            local: #require(Endpoint("[::ffff:192.0.2.10]:50504")),
            remote: #require(Endpoint("[::ffff:203.0.113.10]:8080")))
        #expect(tuple.quickHash == mapped.quickHash)
        #expect(tuple.quickHash != tuple.reversed.quickHash)
    }
}

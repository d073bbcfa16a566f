import Testing
import UnstuckModel
import UnstuckRender

/// The texts of all commands but `diagnose` (``WidthTests``): they fit the terminal, and their lists have header lines,
/// aligned columns and an order.
@Suite("Lists and plans as text")
struct ListTests {
    private static func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    @Test(arguments: RenderedTexts.all.indices, [60, 80, 100, 200])
    func noLineIsLonger(_ index: Int, _ width: Int) {
        let (name, render) = RenderedTexts.all[index]
        for characters in [Characters.unicode, .ascii] {
            let text = render(Style(isColoured: false, width: width, characters: characters))
            #expect(text.hasSuffix("\n"), "\(name)")
            // A word that is longer than a line, a key or a path, is alone on one; so is a tuple of IPv6 in a list.
            for line in Self.lines(text) {
                let words = line.split(separator: " ")
                let isOneWord = words.count == 1 || words.count == 3 && words[0].hasPrefix("[") && words[1] == "<-"
                #expect((line.count <= width || isOneWord) && line.last != " ", "\(name): \(line)")
            }
            if characters == .ascii { #expect(text.utf8.allSatisfy { $0 < 0x80 }, "\(name): \(text)") }
        }
    }

    /// A tuple is on one line, as it is pasted.
    @Test(arguments: RenderedTexts.all.indices)
    func noTupleIsBroken(_ index: Int) {
        let (name, render) = RenderedTexts.all[index]
        for line in Self.lines(render(Style(isColoured: false, width: 80))) {
            let words = line.split(separator: " ")
            #expect(!["->", "<-"].contains(words.last) || line.contains("["), "\(name): \(line)")
        }
    }

    /// Colour takes no columns.
    @Test(arguments: RenderedTexts.all.indices)
    func colourChangesNothingElse(_ index: Int) {
        let (name, render) = RenderedTexts.all[index]
        let painted = render(Style(isColoured: true, width: 80))
        #expect(
            painted.replacing(/\u{1B}\[[0-9;]*m/, with: "") == render(Style(isColoured: false, width: 80)), "\(name)")
    }

    /// In a pipe no column is left out, on a terminal those that do not fit.
    @Test func rowsAreWholeInAPipe() {
        let narrow = Self.lines(RenderedTexts.entries(Style(isColoured: false, width: 60)))
        let piped = Self.lines(RenderedTexts.entries(Style(isColoured: false, width: 60, rowWidth: 10_000)))
        #expect(piped[0].hasSuffix("inode"))
        #expect(!narrow[0].contains("inode"))
        #expect(piped.count == narrow.count)
    }

    @Test func entriesAreSortedAndAligned() throws {
        let lines = Self.lines(RenderedTexts.entries(Style(isColoured: false, width: 200)))
        let start = try #require(lines[0].firstRange(of: "key")).lowerBound
        let column = lines[0].distance(from: lines[0].startIndex, to: start)
        let keys = lines.dropFirst().map { $0.dropFirst(column).prefix { $0 != " " } }
        #expect(
            keys == [
                "192.0.2.10:40000", "192.0.2.10:40001", "192.0.2.10:40002", "192.0.2.10:50504", "203.0.113.7:8080",
                "203.0.113.7:8080", "203.0.113.7:8080", "203.0.113.7:8080", "203.0.113.7:8080",
                "[2001:db8:1234:5678:9abc:def0:1234:5678]:8443",
            ], "\(lines)")
    }

    /// What is alike is one table.
    @Test func aPlanIsGrouped() {
        let text = RenderedTexts.plan(Style(isColoured: false, width: 120))
        #expect(
            text.hasPrefix(
                "plan: delete 2 stale entries, reset 1 connection that lost bytes; no live entry is touched\n"))
        #expect(
            text.contains(
                """

                  reset, both ends; then delete what their own sockets leave in the map:
                    connection                            ends  entries
                    192.0.2.10:50504 -> 203.0.113.7:8080     2        1

                """), "\(text)")
        #expect(
            text.contains(
                """
                    entry                                 unread
                    203.0.113.7:8080 <- 192.0.2.10:50504      18

                """), "\(text)")
        #expect(text.contains("unread bytes are deleted with their entry (possibly those of the stuck connection"))
    }

    @Test func guardsHaveAHeaderAndAnOrder() {
        let lines = Self.lines(RenderedTexts.guards(Style(isColoured: false, width: 160)))
        #expect(
            lines[0]
                == "sockmap               mode      removed  held  failed  guarded by                                paths"
        )
        #expect(
            lines[1]
                == "35 \"cilium_sock_ops\"  preserve       12     2       0  pid 812                                   sock_ops, then events, then sweep"
        )
        #expect(lines[2].hasPrefix("52 \"cilium_sock_ops\"  preserve       12     2       0  a process that ended"))
        #expect(lines.contains("      203.0.113.7:8080 -> 192.0.2.10:50500      18  2 min      4"), "\(lines)")
    }

    /// Nothing is guarded where no path is left.
    @Test func aGuardThatCannotReadKeysSaysSo() {
        var state = GuardState(map: 35, mapName: "m", mode: .preserve, isPinned: false, since: 0)
        state.reasons = ["its keys cannot be read"]
        let text = GuardText(style: .plain).begun(state)
        #expect(text == "! not guarding sockmap 35 \"m\" in mode preserve, by none\n    its keys cannot be read\n")
    }

    /// A share that is more than nothing is never shown as 0.
    @Test(arguments: [(0.25, "25.0 %"), (0.0004, "< 0.1 %"), (0, "0 %")])
    func sharesOfAForecast(_ share: Double, _ words: String) {
        let route = Forecast.Route(
            map: 35, mapName: "m", pod: "shop/web-0", server: NodeFixture.endpoint("203.0.113.7:8080"),
            client: NodeFixture.endpoint("192.0.2.10:0").address, poisonedPorts: [50504], poisonedChoices: 1,
            choices: 28_232, isRangeAssumed: true, inheritedEntries: 0, clientNamespaces: [1], probability: share)
        let text = ForecastText(style: .plain).render(
            Forecast(routes: [route], fillings: [], warnings: [], unknown: []))
        let row = Self.lines(text).first { $0.contains("192.0.2.10") }
        #expect(row?.split(separator: "  ").first.map { $0.drop { $0 == " " } } == words[...], "\(text)")
        #expect(text.contains(share == 0 ? "no new connection hangs" : "share of new connections that hang"), "\(text)")
        #expect(text.contains("1/28232*") && text.contains("*: the client's port range was not read"), "\(text)")
    }
}

/// The table of tests as people read it.
extension TestTable {
    /// Every test and every kernel, as Markdown.
    public var markdown: String {
        var lines = [
            row(["test"] + columns.map(\.name)), row(columns.reduce(into: ["---"]) { list, _ in list.append("---") }),
        ]
        for test in tests { lines.append(row(["`\(test)`"] + columns.map { timed(test, $0) })) }
        return "# What ran where\n\n" + lines.joined(separator: "\n") + "\n"
    }

    /// A cell with how long the test took, where that is worth knowing.
    private func timed(_ test: TestName, _ column: Column) -> String {
        guard let seconds = column.run.seconds[test], seconds >= 1 else { return cell(test, column) }
        return "\(cell(test, column)), \(Int(seconds.rounded())) s"
    }

    public func write(to path: String) throws { try Files.write(markdown, to: path) }

    private func row(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |" }

    /// A line a kernel, then only the tests that went differently on different kernels.
    public var summary: [String] {
        let width = columns.map(\.name.count).max() ?? 0
        let totals = columns.map { column in
            let run = column.run
            var parts = ["\(run.count { $0 == .passed }) passed"]
            let cells = tests.map { cell($0, column) }.filter { !$0.isEmpty && !$0.hasPrefix("passed") }
            for kind in Set(cells).sorted() { parts.append("\(cells.count { $0 == kind }) \(kind)") }
            if column.trouble != nil { parts.append("and the run is no result") }
            return "\(column.name.padding(to: width))  \(parts.joined(separator: ", "))"
        }
        let uneven = tests.filter { test in
            Set(columns.map { cell(test, $0) }.filter { !$0.isEmpty }).count > 1
        }
        return totals
            + uneven.map { test in
                let places = columns.map { "\($0.name): \(cell(test, $0))" }.filter { !$0.hasSuffix(": ") }
                return "\(test)  \(places.joined(separator: " · "))"
            }
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

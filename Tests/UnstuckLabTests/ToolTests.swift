import Testing

@testable import UnstuckLab

@Suite struct ToolTests {
    @Test func aProgramIsFoundByItsNameOrItsPath() throws {
        let path = try #require(Tool.path(of: "sh"))
        #expect(path.hasPrefix("/") && path.hasSuffix("/sh"))
        #expect(Tool.path(of: path) == path)
        #expect(Tool.path(of: "ip") != nil, "also where only root's PATH leads")
    }

    @Test(arguments: ["no-such-program", "/usr/bin", "/etc/passwd", "./sh", ""])
    func whatIsNoProgramIsNotFound(_ name: String) { #expect(Tool.path(of: name) == nil) }
}

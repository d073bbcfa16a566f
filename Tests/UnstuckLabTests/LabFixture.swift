import Glibc
import TestSupport
import Testing
import UnstuckKernel
import UnstuckModel

@testable import UnstuckLab

/// A lab of one test: up before, down after, also where the test fails. A machine that cannot carry a lab fails the
/// test with the reason.
func withLab(_ suffix: String, _ options: UpOptions = UpOptions(), _ body: (Lab) throws -> Void) throws {
    let lab = try Lab.ofTest(suffix)
    try lab.up(options)
    do {
        try body(lab)
    } catch {
        try lab.down()
        throw error
    }
    try lab.down()
    #expect(lab.leftovers().isEmpty)
}

extension Lab {
    /// Played by the same program as the tests of the whole use.
    static func ofTest(_ suffix: String) throws -> Lab {
        try Lab(name: "t\(getpid())\(suffix)", program: Programs.lab)
    }

    /// A health check of a pod from a host, at best from a chosen source port: `answered` or `hung`.
    func get(_ pod: String, from: String = "node", family: AddressFamily = .v4, port: UInt16? = nil) throws -> String {
        let target = Endpoint(try host(pod).addresses[family], LabServer.httpPort)
        let source = try port.map { ["--source", "\(Endpoint(try host(from).addresses[family], $0))"] } ?? []
        let outcome = try Child.run(
            [program, "actor", "get", "--lab", name, "--as", from, "--target", "\(target)"] + source)
        guard outcome.status == 0 else { throw LabError(.failed, outcome.errors) }
        return outcome.output.split(separator: "\n").joined()
    }

    /// Keeps connections to a pod's echo busy.
    func load(_ pod: String, from: String = "node", family: AddressFamily = .v4, _ arguments: [String]) throws
        -> LoadReport
    {
        let address = try host(pod).addresses[family]
        let outcome = try run(as: from, [program, "load", "--host", "\(address)"] + arguments)
        return try JSONText.decode(LoadReport.self, from: outcome.output)
    }

    func claims() throws -> Set<FourTuple> { try #require(try SockmapView(lab: self)).claims() }

    /// Whether the map empties. A server closes its end a moment after its client has heard the answer, and under
    /// emulation that moment can be long; an entry that stays is there after three seconds, too.
    func becomesEmpty() throws -> Bool { try Deadline(after: .patience).wait { try claims().isEmpty } }
}

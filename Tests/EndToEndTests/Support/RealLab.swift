import Foundation
import TestSupport
import Testing

/// A lab of one test, driven through the programs as a user drives them.
final class RealLab {
    let name: String
    private var background: [Programs.Running] = []

    /// A lab with servers and the accelerator. Its name tells whose it is: run-tests.sh removes those of ended processes.
    init(_ suffix: String) throws {
        name = "e\(getpid())\(suffix)"
        try lab(["up", "--replace"])
    }

    deinit {
        for program in background { program.terminate() }
        _ = try? Programs.run(Programs.lab, ["down", "--lab", name])
    }

    var environment: [String: String] { ["UNSTUCK_POD_LOGS": "/run/unstuck-lab/\(name)/log/pods", "NO_COLOR": "1"] }

    /// Removes the lab and makes sure that nothing is left.
    func down() throws {
        for program in background { program.terminate() }
        background = []
        try lab(["down"])
    }

    @discardableResult
    func lab(_ arguments: [String]) throws -> Programs.Output {
        let verb = arguments[0] == "break" ? 2 : 1
        let output = try Programs.run(
            Programs.lab, arguments[..<verb] + ["--lab", name] + arguments[verb...])
        guard output.status == 0 else { throw Failure("unstuck-lab \(arguments): \(output.errors)\(output.text)") }
        return output
    }

    /// A fault, as `break --output json` tells of it.
    func breakIt(_ arguments: [String]) throws -> JSONValue {
        try JSONValue(lab(["break"] + arguments + ["--output", "json"]).text)["fault"]
    }

    func unstuck(_ arguments: [String]) throws -> Programs.Output {
        try Programs.run(Programs.unstuck, arguments, environment: environment)
    }

    /// A command on one of the lab's hosts.
    func on(_ host: String, _ command: [String]) throws -> Programs.Output {
        try Programs.run(
            Programs.lab, ["exec", "--lab", name, "--as", host, "--"] + command, environment: environment)
    }

    /// The same, left running; ended with the lab.
    @discardableResult
    func start(_ host: String, _ command: [String]) throws -> Programs.Running {
        let running = try Programs.start(
            Programs.lab, ["exec", "--lab", name, "--as", host, "--"] + command, environment: environment)
        background.append(running)
        return running
    }

    /// A health check that should be answered: how soon is not the question.
    func probe(_ address: String, port: Int? = nil, timeout: Double = Scale.of(2, small: 30)) throws -> Programs.Output
    {
        try on(
            "node",
            [Programs.unstuck, "probe", "http://\(address):8080/healthz", "--timeout", "\(timeout)"]
                + (port.map { ["--source-port", "\($0)"] } ?? []))
    }

    /// One that should hang, and waits long enough to connect.
    func hangingProbe(_ address: String, port: Int) throws -> Programs.Output {
        try probe(address, port: port, timeout: Scale.of(1, small: 5))
    }

    /// One that hangs while we look; it is in the dead socket's queue already.
    func victim(_ address: String = "203.0.113.10", port: Int = 50504) throws -> Programs.Running {
        let probe = try start(
            "node",
            [
                Programs.unstuck, "probe", "http://\(address):8080/healthz", "--source-port", "\(port)", "--timeout",
                "600",
            ])
        let isStuck = try Wait.until {
            try diagnose(["--interval", "0"]).diagnosis["findings"].array.contains {
                $0["subject"]["stage"].text == "stuck"
            }
        }
        guard isStuck else { throw Failure("the probe from port \(port) does not hang") }
        return probe
    }

    /// Entries of this lab's sockmap.
    func entries() throws -> Int {
        let output = try unstuck(["sockmaps", "list", "--map", "\(try map())", "--output", "json"])
        return Int(try JSONValue(output.text)["data"][0]["entries"].number)
    }

    /// The same, once there are so many; fewer if they do not come.
    func entries(atLeast count: Int) throws -> Int {
        _ = try Wait.until { try entries() >= count }
        return try entries()
    }

    /// Diagnoses this lab's map only: other labs and other tests do not matter.
    func diagnose(_ arguments: [String] = []) throws -> (status: Int32, diagnosis: JSONValue) {
        let output = try unstuck(["diagnose", "--map", "\(try map())", "--output", "json"] + arguments)
        return (output.status, try JSONValue(output.text)["data"])
    }

    func map() throws -> Int {
        let state = try JSONValue(try String(contentsOfFile: "/run/unstuck-lab/\(name)/state.json", encoding: .utf8))
        return Int(state["accelerator"]["mapID"].number)
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }
}

/// Loosely typed JSON, for looking at what a program printed.
struct JSONValue {
    private let value: Any?

    init(_ text: String) throws { value = try JSONSerialization.jsonObject(with: Data(text.utf8)) }
    private init(_ value: Any?) { self.value = value }

    subscript(_ key: String) -> JSONValue { JSONValue((value as? [String: Any])?[key]) }
    subscript(_ index: Int) -> JSONValue {
        JSONValue((value as? [Any]).flatMap { $0.indices.contains(index) ? $0[index] : nil })
    }
    var array: [JSONValue] { (value as? [Any] ?? []).map { JSONValue($0) } }
    var text: String { value as? String ?? "" }
    var number: Double { (value as? NSNumber)?.doubleValue ?? .nan }
    var codes: [String] { self["findings"].array.map { $0["code"].text } }

    /// Of a diagnosis: what it found and what it left open, for messages of tests.
    var openQuestions: String {
        let findings = self["findings"].array.map { $0["summary"].text }
        let unsettled = self["unsettled"].array.map {
            "\($0["connection"]["local"].text) \($0["connection"]["remote"].text): \($0["reason"].text)"
        }
        return "\(findings), unknown \(self["unknown"].array.map(\.text)), unsettled \(unsettled)"
    }
}

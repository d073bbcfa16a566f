import Foundation
import Glibc
import TestSupport
import Testing

/// Options and words that every command shares, as people type them.
@Suite("Options", .requires(.native))
struct OptionTests {
    private static func run(_ line: String, environment: [String: String] = [:]) throws -> Programs.Output {
        try Programs.run(
            Programs.unstuck, line.split(separator: " ").map(String.init), environment: environment)
    }

    @Test(arguments: [
        ("diagnos", "did you mean 'diagnose'?"), ("help nope", "'nope' is not a command of unstuck; there are: "),
        ("help guard upp", "did you mean 'up'?"), ("guard staus", "did you mean 'status'?"),
        ("sockmaps entires --map 1", "did you mean 'entries'?"), ("help diagnose all", "'all' is not a command"),
        ("diagnose --intervall 3", "Did you mean '--interval'?"),
        ("repair --watch 3s", "add --apply"), ("repair -w 1m", "add --apply"),
    ])
    func mistakesAreNamed(_ line: String, _ words: String) throws {
        let output = try Self.run(line)
        #expect(output.status == 64)
        #expect(output.text.isEmpty)
        #expect(output.errors.contains(words), "\(output.errors)")
    }

    @Test(arguments: ["-V", "--version", "diagnose -V", "guard up --version"])
    func version(_ line: String) throws {
        let output = try Self.run(line)
        #expect(output.status == 0)
        #expect(output.text.hasPrefix("unstuck "))
    }

    @Test func helpOfACommand() throws {
        let output = try Self.run("help guard up")
        #expect(output.status == 0)
        #expect(output.text.contains("unstuck guard up --map"))
    }

    @Test func theHelpNamesTheShortVersionOption() throws {
        let line = try Self.run("--help").text.split(separator: "\n").first { $0.hasPrefix("  -V ") }
        #expect(line?.contains("Show the version") == true)
        #expect(try Self.run("").text.contains("-V"), "without a command the help is printed")
    }

    @Test func shortFormOfOutput() throws {
        for form in ["-o json", "--output json", "-o=json"] {
            #expect(
                try JSONValue(Self.run("kernel bugs \(form)").text)["schema"].text == "unstuck.kernel.bugs/2", "\(form)"
            )
        }
    }

    @Test(arguments: [
        "probe 127.0.0.1:1 --timeout", "guard up --map 1 --sweep", "bypass on --map 1 --for", "diagnose --interval",
        "sockmaps forecast --timeout", "kernel canary --deadline", "repair --apply --watch",
    ])
    func onlyDurationsAreTimes(_ line: String) throws {
        for wrong in ["soon", "1d", "-1", "1e3", "8000000"] {
            #expect(try Self.run("\(line) \(wrong)").status == 64, "\(line) \(wrong)")
        }
    }

    @Test func aProbeTakesUnits() throws {
        for time in ["500ms", "2s", "1m", "1"] {
            let output = try Self.run("probe 127.0.0.1:1 --tcp --timeout \(time)")
            #expect(output.status == 1 && output.text.contains("refused"), "\(time): \(output)")
        }
    }

    /// Nothing listens there: a hundred refusals at once are explained once, and counted.
    @Test func manyProbesAreFewLines() throws {
        let output = try Self.run("probe 127.0.0.1:1 --tcp --repeat 100 --interval 0")
        #expect(output.status == 1)
        // One more for each second that it may take on a busy machine.
        #expect(output.text.split(separator: "\n").count < 50, "\(output.text)")
        #expect(output.text.components(separatedBy: "the host answered").count == 2)
        #expect(output.text.hasSuffix("0 of 100 passed\n"))
        #expect(try Self.run("probe 127.0.0.1:1 --tcp --repeat 3 --interval 0 -q").text == "0 of 3 passed\n")
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func anInterruptedSeriesHasItsSummary(_ signal: Int32) throws {
        let probe = try Programs.start(
            Programs.unstuck, ["probe", "127.0.0.1:1", "--tcp", "--repeat", "100000", "--interval", "20ms"])
        expectSoon { probe.outputSoFar.contains("refused") }
        kill(probe.pid, signal)
        let output = try probe.wait()
        #expect(output.status == 1)
        let last = output.text.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("0 of ") && last.hasSuffix(" not tried"), "\(output.text)")
    }

    /// In the C locale everything is ASCII, whatever it is.
    @Test func asciiWhereTheLocaleIsNotUTF8() throws {
        for environment in [["LC_ALL": "C"], ["LC_ALL": "", "LC_CTYPE": "POSIX", "LANG": "en_US.UTF-8"]] {
            for line in [
                "--help", "help diagnose", "help probe", "probe 127.0.0.1:1 --tcp", "kernel bugs",
                "diagnose --interval 0", "kernel facts", "guard status", "bypass status",
                "sockmaps forecast --interval 0",
            ] {
                let output = try Self.run(line, environment: environment)
                #expect((output.text + output.errors).utf8.allSatisfy { $0 < 0x80 }, "\(line): \(output.text)")
            }
        }
        #expect(try Self.run("probe 127.0.0.1:1 --tcp", environment: ["LC_ALL": "en_US.utf8"]).text.hasPrefix("✗ "))
    }
}

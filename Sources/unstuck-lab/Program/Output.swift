import ArgumentParser
import UnstuckKernel
import UnstuckLab
import UnstuckModel

/// How a command prints its data.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// The options that every command of a lab shares.
struct LabOptions: ParsableArguments {
    @Option(help: "The lab's name: labs of different names do not meet.")
    var lab = Lab.defaultName

    func open() throws -> Lab { try Lab(name: lab) }
}

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print data.")
    var output = OutputFormat.text
}

/// Standard output for data, standard error for everything else.
enum Output {
    /// - Throws: `StandardOutput.Failure`, as all that writes results does.
    static func line(_ text: String) throws(StandardOutput.Failure) { try StandardOutput.write(text + "\n") }
    /// Where no error can be passed on: what cannot be written ends the program.
    static func say(_ text: String) {
        do { try line(text) } catch { UnstuckLabCommand.end(of: error) }
    }

    static func progress(_ text: String) { StandardError.write(text + "\n") }

    static func json(_ value: some Encodable) throws { try line(try JSONText.encode(value)) }

    /// Bytes as they are.
    static func raw(_ bytes: [UInt8]) throws { try unsafe StandardOutput.write(bytes.span.bytes) }
}

extension HostID: ExpressibleByArgument {}
extension DurationArgument: ExpressibleByArgument {}

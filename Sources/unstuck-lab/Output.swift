import ArgumentParser
import Glibc
import UnstuckKernel
import UnstuckLab

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
    @Option(help: "How to print data.")
    var output = OutputFormat.text
}

/// Standard output for data, standard error for everything else.
enum Output {
    static func line(_ text: String) { write(text, 1) }
    static func progress(_ text: String) { write(text, 2) }

    static func json(_ value: some Encodable) throws { line(try JSONText.encode(value)) }

    private static func write(_ text: String, _ descriptor: Int32) { raw(Array("\(text)\n".utf8), descriptor) }

    /// Bytes as they are.
    static func raw(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

extension HostID: ExpressibleByArgument {}

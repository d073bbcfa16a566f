import ArgumentParser

/// How every command prints.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "How to print the result.")
    var output: OutputFormat = .text
}

import ArgumentParser

/// How every command prints.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

struct OutputOptions: ParsableArguments {
    @Option(help: "How to print the result.")
    var output: OutputFormat = .text
}

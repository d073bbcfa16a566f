import Foundation
import TestSupport
import UnstuckModel

/// The commands of a program, by its parser's own definitions: none can be forgotten.
struct CommandTree: Decodable {
    struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable { var name: String }
            var names: [Name]?
        }
        var commandName: String
        var subcommands: [Command]?
        var arguments: [Argument]?
        var shouldDisplay: Bool?

        /// Listed in the help.
        var isShown: Bool { shouldDisplay ?? true }

        func takes(_ option: String) -> Bool {
            (arguments ?? []).contains { ($0.names ?? []).contains { $0.name == option } }
        }
    }

    var command: Command

    init(of program: String) throws {
        let output = try Programs.run(program, ["--experimental-dump-help"])
        self = try JSONDecoder().decode(CommandTree.self, from: Data(output.text.utf8))
    }

    /// Every command by its words, the program's name left out; hidden ones and groups among them.
    var all: [(words: [String], command: Command)] { Self.all(command, []) }

    private static func all(_ command: Command, _ words: [String]) -> [(words: [String], command: Command)] {
        [(words, command)] + (command.subcommands ?? []).flatMap { all($0, words + [$0.commandName]) }
    }
}

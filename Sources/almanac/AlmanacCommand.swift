import AlmanacServer
import AlmanacTerminal
import ArgumentParser
import Foundation

/// The `almanac` command: one file in this folder for each subcommand.
@main
struct AlmanacCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "almanac",
    abstract: "A time-series database that answers questions about the future.",
    version: Almanac.version,
    subcommands: [
      ServeCommand.self, QueryCommand.self, WriteCommand.self, ModelsCommand.self,
      RulesCommand.self, BackupCommand.self, RestoreCommand.self, CheckCommand.self,
      DemoCommand.self,
    ])

  /// Runs the command: exit code 0 done, 1 the request failed, 2 wrong usage.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      Terminal.writeToStandardError(fullMessage(for: error) + "\n")
      Foundation.exit(2)
    }
  }
}

/// A request that failed: one line on standard error with a hint, exit code 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ message: String, hint: String? = nil) {
    description = hint.map { "\(message) (\($0))" } ?? message
  }
}

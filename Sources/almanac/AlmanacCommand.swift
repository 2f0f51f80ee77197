import AlmanacServer
import ArgumentParser

/// The `almanac` command: one file in this folder for each subcommand.
@main
struct AlmanacCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "almanac",
    abstract: "A time-series database that answers questions about the future.",
    version: Almanac.version,
    subcommands: [
      ServeCommand.self, QueryCommand.self, WriteCommand.self, ModelsCommand.self,
      DemoCommand.self,
    ])
}

/// A request that failed: one line on standard error with a hint, exit code 1.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ message: String, hint: String? = nil) {
    description = hint.map { "\(message) (\($0))" } ?? message
  }
}

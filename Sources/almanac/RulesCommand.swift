import AlmanacRules
import AlmanacTerminal
import ArgumentParser
import Foundation

/// `almanac rules`: the rules of a server, and checking files.
struct RulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "List, show, change and check rules.",
    subcommands: [List.self, Show.self, Put.self, DropRules.self, Check.self],
    defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the rules that a server evaluates, with their state.")
    @OptionGroup var server: ModelsCommand.Server

    private struct Answer: Decodable {
      struct Data: Decodable {
        var groups: [Group]
      }
      struct Group: Decodable {
        var name, file: String
        var rules: [Rule]
      }
      struct Rule: Decodable {
        struct Alert: Decodable {
          var state: String
        }
        var name, health, type, lastEvaluation: String
        var state, lastError: String?
        var alerts: [Alert]?
      }
      var data: Data
    }

    func run() async throws {
      let reply = try await server.send("GET", "/api/v1/rules")
      let groups = try JSONDecoder().decode(Answer.self, from: reply.body).data.groups
      var table = TextTable(
        columns: [
          "file", "group", "rule", "type", "state", "alerts", "health", "last evaluation", "error",
        ], width: .max)
      for group in groups {
        for rule in group.rules {
          table.append([
            group.file, group.name, rule.name, rule.type, rule.state ?? "",
            rule.alerts.map { String($0.count) } ?? "", rule.health,
            // Go's zero time says that it never was.
            rule.lastEvaluation.hasPrefix("0001-") ? "" : rule.lastEvaluation,
            rule.lastError ?? "",
          ])
        }
      }
      print(table.render())
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show groups that came by the API, as YAML: all, of a namespace, or one.")
    @Argument(help: "The namespace.") var namespace: String?
    @Argument(help: "The group.") var group: String?
    @OptionGroup var server: ModelsCommand.Server

    func run() async throws {
      let reply = try await server.send("GET", path([namespace, group]))
      FileHandle.standardOutput.write(reply.body)
    }
  }

  struct Put: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store the groups of a rule file under a namespace, in place of what is there.")
    @Argument(help: "The namespace.") var namespace: String
    @Argument(help: "A rule file.") var file: String
    @OptionGroup var server: ModelsCommand.Server

    func run() async throws {
      let text = try RuleFiles.text(file)
      _ = try await server.send("PUT", path([namespace]), body: Data(text.utf8))
      print("stored the groups of \(file) under \(namespace)")
    }
  }

  struct DropRules: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drop", abstract: "Forget a group that came by the API, or a whole namespace.")
    @Argument(help: "The namespace.") var namespace: String
    @Argument(help: "The group; all of the namespace without it.") var group: String?
    @OptionGroup var server: ModelsCommand.Server

    func run() async throws {
      _ = try await server.send("DELETE", path([namespace, group]))
      print("dropped " + [namespace, group].compactMap { $0 }.joined(separator: ", "))
    }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read rule files and say what is wrong with them.",
      discussion: "Exit code 1 where something is. Definitions that a server stores are not known.")
    @Argument(help: "Rule files.") var files: [String]

    func run() throws {
      var failures = 0
      for file in files {
        print("Checking \(file)")
        do {
          let groups = try RuleFile.groups(of: try RuleFiles.text(file), file: file)
          print("  SUCCESS: \(groups.reduce(0) { $0 + $1.rules.count }) rules found")
        } catch let error as RuleFileError {
          failures += error.problems.count
          print("  FAILED:")
          for problem in error.problems { print("  \(problem)") }
        }
      }
      if failures > 0 {
        throw Failure(failures == 1 ? "1 problem found" : "\(failures) problems found")
      }
    }
  }
}

/// The route of stored rules under these names.
private func path(_ names: [String?]) -> String {
  (["/config/v1/rules"] + names.compactMap { $0 }).joined(separator: "/")
}

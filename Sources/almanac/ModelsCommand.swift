import AlmanacTerminal
import ArgumentParser
import Foundation

/// `almanac models`: the model cache of a server.
struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models", abstract: "List and drop the models that are kept.",
    subcommands: [List.self, Show.self, DropModel.self], defaultSubcommand: List.self)

  struct Server: ParsableArguments {
    @Option(help: "The server to ask.")
    var server = "http://127.0.0.1:8086"

    func send(
      _ method: String, _ path: String, body: Data? = nil
    ) async throws -> Client.Reply {
      let reply = try await Client(server: server).send(method, path, body: body)
      guard (200..<300).contains(reply.status) else { throw serverFailure(reply) }
      return reply
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the models that are kept.")
    @OptionGroup var server: Server

    private struct Answer: Decodable {
      struct Model: Decodable {
        struct HoldOut: Decodable {
          var mase: Double?
        }
        var id, series, kind, trained_until: String
        var last_used: String?
        var bytes, training_seconds: Double
        var holdout: HoldOut?
      }
      var data: [Model]
    }

    func run() async throws {
      let reply = try await server.send("GET", "/api/v1/models")
      let models = try JSONDecoder().decode(Answer.self, from: reply.body).data
      var table = TextTable(
        columns: [
          "id", "series", "kind", "trained until", "hold-out MASE", "training s", "bytes",
          "last used",
        ], width: .max)
      for model in models {
        table.append([
          model.id, model.series, model.kind, model.trained_until,
          model.holdout?.mase.map { String(format: "%.2f", $0) } ?? "",
          String(format: "%.2f", model.training_seconds), String(Int(model.bytes)),
          model.last_used ?? "",
        ])
      }
      print(table.render())
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show one model, as JSON.")
    @Argument(help: "The model's id.") var id: String
    @OptionGroup var server: Server

    func run() async throws {
      FileHandle.standardOutput.write(try await server.send("GET", "/api/v1/models/\(id)").body)
    }
  }

  struct DropModel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "drop", abstract: "Forget a model; the next query trains it anew.")
    @Argument(help: "The model's id.") var id: String
    @OptionGroup var server: Server

    func run() async throws {
      _ = try await server.send("DELETE", "/api/v1/models/\(id)")
      print("dropped \(id)")
    }
  }
}

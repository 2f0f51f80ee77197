import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import AlmanacServer
import AlmanacTerminal
import ArgumentParser
import Foundation
import Logging

/// `almanac query`: asks a running server, or a directory without one.
struct QueryCommand: AsyncParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, csv, json, chart
  }

  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Evaluate a query.",
    discussion: """
      almanac query 'forecast(memory<host=web-1>, 7d)'
      almanac query 'outliers(memory<host=web-1>[7d])' --format csv
      almanac query 'memory[1h]' --data ./almanac-data
      """)

  @ArgumentParser.Argument(help: "The query, in quotes.")
  var query: String

  @Option(help: "The moment to evaluate at: RFC 3339 or unix seconds. Default: now.")
  var time: String?

  @Option(help: "Start of a range.")
  var start: String?

  @Option(help: "End of a range.")
  var end: String?

  @Option(help: "One value a step inside the range, as 5m.")
  var step: String?

  @Option(help: "How to print: table, csv, json or chart. Default: chart for a forecast.")
  var format: Format?

  @OptionGroup var source: SourceOptions

  func run() async throws {
    let asker = try source.asker()
    let parameters = [("time", time), ("start", start), ("end", end), ("step", step)]
      .compactMap { name, value in value.map { (name, $0) } }
    do {
      switch format {
      case .csv, .json:
        let bytes = try await asker.ask(query, parameters, format: format == .csv ? .csv : .json)
        FileHandle.standardOutput.write(bytes)
      case .table, .chart, nil:
        let answer = try await asker.answer(query, parameters)
        let isChart = format.map { $0 == .chart } ?? (answer.type == "forecast")
        let printer = AnswerPrinter(terminal: .standardOutput)
        if isChart {
          print(try await printer.chart(answer, query: query, parameters, asker))
        } else {
          print(printer.table(answer))
        }
        for warning in answer.warnings { printer.warn(warning) }
        for info in answer.infos ?? [] { printer.note(info) }
      }
    } catch {
      await asker.close()
      throw error
    }
    await asker.close()
  }
}

/// Whom to ask.
struct SourceOptions: ParsableArguments {
  @Option(help: "The server to ask.")
  var server = "http://127.0.0.1:8086"

  @Option(help: "Read this directory instead of asking a server; one may be running on it.")
  var data: String?

  func asker() throws -> any Asker {
    guard let data else { return ServerAsker(client: Client(server: server)) }
    return try DirectoryAsker(directory: data)
  }
}

/// Answers queries: a server or a directory.
protocol Asker: Sendable {
  func ask(
    _ query: String, _ parameters: [(String, String)], format: TableText.Format
  ) async throws -> Data

  func close() async
}

extension Asker {
  /// The decoded JSON answer.
  func answer(_ query: String, _ parameters: [(String, String)]) async throws -> Answer {
    try JSONDecoder().decode(
      Answer.self, from: await ask(query, parameters, format: .json))
  }
}

struct ServerAsker: Asker {
  let client: Client

  func ask(
    _ query: String, _ parameters: [(String, String)], format: TableText.Format
  ) async throws -> Data {
    let reply = try await client.send(
      "GET", "/api/v1/table",
      parameters: [("query", query), ("format", format.rawValue)] + parameters)
    guard reply.status == 200 else { throw serverFailure(reply) }
    return reply.body
  }

  func close() async {}
}

struct DirectoryAsker: Asker {
  let database: Database

  init(directory: String) throws {
    var logger = Logger(label: "almanac") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .warning
    var options = Database.Options()
    options.isReadOnly = true
    do {
      database = try Database(directory: directory, options: options, logger: logger)
    } catch {
      throw Failure("\(error)", hint: "name a directory that `almanac serve` made")
    }
  }

  func ask(
    _ query: String, _ parameters: [(String, String)], format: TableText.Format
  ) async throws -> Data {
    let value = { (name: String) in parameters.first { $0.0 == name }?.1 }
    let time: QueryTime
    do throws(InvalidParameter) {
      time = try QueryTime(
        now: Timestamp.now(), time: value("time"), start: value("start"), end: value("end"),
        step: value("step"))
    } catch {
      throw Failure("cannot use --\(error.parameter): \(error.message)", hint: error.hint)
    }
    let began = ContinuousClock.now
    let table = try await watchingTraining { try await database.query(query, at: time) }
    let elapsed = (ContinuousClock.now - began) / .milliseconds(1)
    return Data(TableText(table, elapsedMilliseconds: elapsed).text(format))
  }

  /// Draws a progress bar while models are trained.
  private func watchingTraining<T: Sendable>(
    _ body: () async throws -> T
  ) async throws -> T {
    let watcher = Task {
      var bar = ProgressBar(label: "training")
      while !Task.isCancelled {
        if let job = database.jobs().first(where: { $0.status.state == .running }) {
          let status = job.status
          let loss = status.loss.map { String(format: "loss %.4f", $0) } ?? ""
          let left = status.secondsLeft.map { String(format: "%.0f s left", $0) } ?? ""
          bar.update(
            done: Int(status.progress * 1000), total: 1000,
            suffix: "step \(status.step)  \(loss)  \(left)")
        }
        try? await Task.sleep(for: .milliseconds(100))
      }
      bar.finish(erase: true)
    }
    defer { watcher.cancel() }
    return try await body()
  }

  func close() async {
    await database.close()
  }
}

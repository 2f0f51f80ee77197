import AlmanacCore
import AlmanacEngine
import AlmanacTerminal
import ArgumentParser
import Foundation

/// `almanac demo`: five weeks of synthetic signals, a forecast and outliers of them, and a server
/// left running to play with.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Load synthetic signals into a fresh database, forecast them, find their outliers.",
    discussion: "The server keeps running in the background; `almanac demo --stop` ends it.")

  @Option(help: "The directory of the demo; its database is made afresh.")
  var data = "./demo-data"

  @Option(help: "The first port to try.")
  var port = 8086

  @Flag(help: "End the demo's server.")
  var stop = false

  /// The same signals every time on the same day.
  private static let seed: UInt64 = 20_190_521

  func validate() throws {
    guard (1...65_000).contains(port) else {
      throw ValidationError("--port must be 1 to 65000, not \(port)")
    }
  }

  func run() async throws {
    let server = BackgroundServer(directory: data)
    if stop {
      print(try server.stop() ? "The demo's server has ended." : "No demo server is running.")
      return
    }
    _ = try server.stop()
    try server.clear()
    let url = try await server.start(firstPort: port)
    let client = Client(server: url)

    // Signals end at midnight, so that the demo draws the same picture all day.
    let end = Timestamp.now().aligned(downTo: .days(1))
    let signals = DemoSignals(end: end, seed: Self.seed)
    print("Writing five weeks of synthetic 1-minute signals (\(signals.signals.count) series) ...")
    let samples = try await write(signals, to: client)
    print("\(samples) samples written through \(url)/api/v2/write, each acknowledged once on disk.")

    let asker = ServerAsker(client: client)
    let printer = AnswerPrinter(terminal: .standardOutput)
    let time = [("time", end.description)]
    let forecast = "forecast(memory<host=web-1>, 7d, wait=2m)"
    print("\n> \(forecast)\n")
    let answer = try await asker.answer(forecast, time)
    print(try await printer.chart(answer, query: forecast, time, asker))
    let seconds = answer.elapsed_ms / 1000
    print(String(format: "answered in %.1f s, the model was trained on the way.", seconds))
    let again = try await asker.answer(forecast, time)
    let state = again.series.first?.model?.state ?? "?"
    print(String(format: "asked again: %.0f ms, model state \"%@\".", again.elapsed_ms, state))

    for query in ["outliers(memory[7d])", "outliers(cpu[7d])"] {
      print("\n> \(query)\n")
      print(summary(try await asker.answer(query, time)))
    }
    print("What was put in to be found (the weekly dip of web-1 on Sundays at 3 is not strange):")
    for outlier in signals.trueOutliers {
      print("  \(outlier.start)  \(outlier.metric)<host=\(outlier.host)>  \(outlier.what)")
    }
    print(
      "\nThe server keeps running (data in \(data)); `make demo-stop` or `almanac demo --stop` "
        + "ends it.\nAsk more:  \(CommandLine.arguments[0]) query 'forecast(cpu<host=web-2>, 2d)' "
        + "--time \(end) --server \(url)"
        + "\nOpen this page:\n\(url)/")
  }

  private func write(_ signals: DemoSignals, to client: Client) async throws -> Int {
    var samples = 0
    for body in signals.lineProtocol(batchLines: 5000) {
      let reply = try await client.send(
        "POST", "/api/v2/write", parameters: [("precision", "s")], body: Data(body))
      guard reply.status == 204 else { throw serverFailure(reply) }
      samples += body.count { $0 == UInt8(ascii: "\n") }
    }
    return samples
  }

  /// Outliers by run: when it began, how long it was, how strange at its worst, and why.
  private func summary(_ answer: Answer) -> String {
    var table = TextTable(
      columns: ["series", "from", "minutes", "worst score", "value", "reason"],
      width: .max, color: Terminal.standardOutput.color,
      unicode: Terminal.standardOutput.unicode)
    for series in answer.series {
      let (times, scores) = (series.times, series.numbers("score") ?? [])
      let values = series.numbers("value") ?? []
      let reason = series.columns.firstIndex(of: "reason") ?? 0
      var start = 0
      for index in times.indices {
        // Half an hour of quiet ends a run.
        let isLast = index + 1 == times.count
        guard isLast || times[index + 1] - times[index] > 1_800_000_000_000 else { continue }
        let worst = (start...index).max { scores[$0] < scores[$1] } ?? start
        table.append([
          "\(series.metric)<host=\(series.labels["host"] ?? "")>",
          Timestamp(nanoseconds: times[start]).description,
          String((times[index] - times[start]) / 60_000_000_000 + 1),
          String(format: "%.1f", scores[worst]), values[worst].shortestText,
          series.values[worst][reason].text,
        ])
        start = index + 1
      }
    }
    return table.render()
  }
}

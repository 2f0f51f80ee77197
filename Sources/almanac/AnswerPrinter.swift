import AlmanacCore
import AlmanacTerminal
import Foundation

/// Prints answers for people: aligned rows, or charts.
struct AnswerPrinter {
  /// Rows of a table that are printed; `--format csv` prints all.
  private static let rowLimit = 200

  let terminal: Terminal

  /// The rows in aligned columns.
  func table(_ answer: Answer) -> String {
    let names = Set(answer.series.flatMap(\.labels.keys)).sorted()
    let columns = answer.series.first?.columns ?? ["time", "value"]
    var table = TextTable(
      columns: ["time", "metric"] + names + columns.dropFirst(),
      width: terminal.isTerminal ? terminal.width : .max, maxRows: Self.rowLimit,
      color: terminal.color, unicode: terminal.unicode)
    for series in answer.series {
      for row in series.values {
        let labels = names.map { series.labels[$0] ?? "" }
        table.append(
          [row.first?.text ?? "", series.metric] + labels + row.dropFirst().map(\.shortText))
      }
    }
    return table.render()
  }

  /// One chart for each series, forecasts with the history before them.
  func chart(
    _ answer: Answer, query: String, _ parameters: [(String, String)], _ asker: any Asker
  ) async throws -> String {
    if answer.series.isEmpty { return "no rows" }
    let history = try await history(answer, query: query, parameters, asker)
    return answer.series.map { series in
      var chart = Chart(
        title: series.name, width: min(terminal.width, 120), height: 20,
        color: terminal.color, unicode: terminal.unicode)
      let times = series.times
      let past = history.first { $0.metric == series.metric && $0.labels == series.labels }
      if let past {
        chart.lines.append(
          Chart.Line(
            name: "history", times: past.times, values: past.numbers("value") ?? [],
            style: .history))
      }
      switch answer.type {
      case "forecast":
        chart.now = times.first.map(Timestamp.init(nanoseconds:))
        chart.lines.append(
          Chart.Line(
            name: "forecast", times: times, values: series.numbers("yhat") ?? [],
            style: .forecast))
        for column in series.columns where column.hasPrefix("lower") {
          let upper = "upper" + column.dropFirst("lower".count)
          guard let low = series.numbers(column), let high = series.numbers(upper) else { continue }
          chart.bands.append(Chart.Band(name: "band", times: times, lower: low, upper: high))
        }
      case "outliers":
        let reasons = series.columns.firstIndex(of: "code")
        for (index, value) in (series.numbers("value") ?? []).enumerated() {
          chart.marks.append(
            Chart.Mark(
              time: times[index], value: value,
              label: reasons.map { series.values[index][$0].text } ?? ""))
        }
      default:
        chart.lines.append(
          Chart.Line(
            name: series.metric, times: times, values: series.numbers("value") ?? [],
            style: .history))
      }
      return chart.render() + (series.model.map { "    " + describe($0) + "\n" } ?? "")
    }.joined(separator: "\n")
  }

  /// One line on the model behind a forecast.
  private func describe(_ model: Answer.Model) -> String {
    var parts = ["model: \(model.kind), \(model.state)", "trained until \(model.trained_until)"]
    if let reason = model.reason { parts.append(reason) }
    if let mase = model.holdout?.mase { parts.append(String(format: "hold-out MASE %.2f", mase)) }
    if let coverage = model.holdout?.coverage {
      parts.append(String(format: "95 %% band held %.0f %% of it", coverage * 100))
    }
    return parts.joined(separator: ", ")
  }

  /// What the forecast or the outliers were made from, to draw behind them.
  private func history(
    _ answer: Answer, query: String, _ parameters: [(String, String)], _ asker: any Asker
  ) async throws -> [Answer.Series] {
    guard answer.type != "series", let input = HistoryQuery(query)?.text else { return [] }
    // A picture without its background is still worth drawing.
    return (try? await asker.answer(input, parameters).series) ?? []
  }

  func warn(_ text: String) {
    Terminal.writeToStandardError("warning: \(text)\n")
  }

  func note(_ text: String) {
    Terminal.writeToStandardError("note: \(text)\n")
  }
}

internal import AlmanacCore
internal import AlmanacForecast
public import AlmanacQuery

/// A table as CSV or JSON, in pieces that can be sent as they are made. contract.md says which
/// columns there are and how numbers and times are printed.
public struct TableText: Sendable {
  /// The formats.
  public enum Format: String, Sendable, CaseIterable {
    case csv, json

    /// The media type of an answer.
    public var contentType: String {
      switch self {
      case .csv: "text/csv; charset=utf-8"
      case .json: "application/json"
      }
    }
  }

  /// About how many bytes a piece has.
  private static let pieceSize = 1 << 16

  private let table: Table
  private let elapsedMilliseconds: Double
  /// One width for the time column, and one for each column of times.
  private let timeDigits: Int
  private let columnDigits: [Int]
  /// All label names of all series, in order.
  private let labelNames: [String]

  /// Renders `table`, which took `elapsedMilliseconds` to make.
  public init(_ table: Table, elapsedMilliseconds: Double) {
    self.table = table
    self.elapsedMilliseconds = elapsedMilliseconds
    timeDigits = table.series.reduce(0) { widest, series in
      series.times.reduce(widest) { max($0, $1.fractionDigits) }
    }
    columnDigits = table.columns.indices.map { column in
      table.series.map { series in
        guard case .times(let times) = series.columns[column] else { return 0 }
        return times.compactMap { $0?.fractionDigits }.max() ?? 0
      }.max() ?? 0
    }
    labelNames = table.labelNames
  }

  /// The whole text.
  public func text(_ format: Format) -> [UInt8] {
    var all: [UInt8] = []
    for piece in pieces(format) { all += piece }
    return all
  }

  /// The text in order, piece by piece.
  func pieces(_ format: Format) -> Pieces {
    Pieces(text: self, format: format)
  }

  /// The text from its beginning.
  struct Pieces: Sequence, IteratorProtocol, Sendable {
    let text: TableText
    let format: Format
    fileprivate var position = Position()

    mutating func next() -> [UInt8]? {
      format == .csv ? text.nextCSV(&position) : text.nextJSON(&position)
    }
  }

  /// How far the rendering came.
  fileprivate struct Position {
    var began = false
    var series = 0
    var row = 0
    var ended = false
  }

  // MARK: - CSV

  private func nextCSV(_ position: inout Position) -> [UInt8]? {
    var bytes: [UInt8] = []
    if !position.began {
      position.began = true
      for (index, name) in table.columnNames(labels: labelNames).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        appendField(name, to: &bytes)
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    while position.series < table.series.count, bytes.count < Self.pieceSize {
      let series = table.series[position.series]
      var prefix: [UInt8] = [UInt8(ascii: ",")]
      appendField(series.key.metric, to: &prefix)
      for name in labelNames {
        prefix.append(UInt8(ascii: ","))
        appendField(series.key.labels[name] ?? "", to: &prefix)
      }
      while position.row < series.times.count, bytes.count < Self.pieceSize {
        series.times[position.row].append(to: &bytes, fractionDigits: timeDigits)
        bytes += prefix
        for (index, column) in series.columns.enumerated() {
          bytes.append(UInt8(ascii: ","))
          appendCell(column, position.row, digits: columnDigits[index], to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        position.row += 1
      }
      if position.row == series.times.count {
        position.series += 1
        position.row = 0
      }
    }
    return bytes.isEmpty ? nil : bytes
  }

  private func appendCell(
    _ column: Table.Column, _ row: Int, digits: Int, to bytes: inout [UInt8]
  ) {
    switch column {
    case .numbers(let values):
      if let value = values[row] { bytes.append(shortest: value) }
    case .integers(let values):
      if let value = values[row] { bytes.append(decimal: value) }
    case .times(let values): values[row]?.append(to: &bytes, fractionDigits: digits)
    case .texts(let values): appendField(values[row], to: &bytes)
    }
  }

  /// RFC 4180: quotes around what holds a comma, a quote or a line end, quotes doubled.
  private func appendField(_ text: String, to bytes: inout [UInt8]) {
    let special = text.utf8.contains { byte in
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 10 || byte == 13
    }
    guard special else {
      bytes += text.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  // MARK: - JSON

  private func nextJSON(_ position: inout Position) -> [UInt8]? {
    if position.ended { return nil }
    var json = JSONText()
    if !position.began {
      position.began = true
      json.raw("{\"status\":\"success\",\"type\":")
      json.string(table.type)
      json.raw(",\"series\":[")
    }
    while position.series < table.series.count, json.bytes.count < Self.pieceSize {
      let series = table.series[position.series]
      if position.row == 0 { beginSeries(series, isFirst: position.series == 0, &json) }
      while position.row < series.times.count, json.bytes.count < Self.pieceSize {
        json.raw(position.row == 0 ? "[" : ",[")
        json.time(series.times[position.row], fractionDigits: timeDigits)
        for (index, column) in series.columns.enumerated() {
          json.raw(",")
          appendCell(column, position.row, digits: columnDigits[index], to: &json)
        }
        json.raw("]")
        position.row += 1
      }
      if position.row == series.times.count {
        json.raw("]}")
        position.series += 1
        position.row = 0
      }
    }
    if position.series == table.series.count {
      position.ended = true
      json.raw("],\"warnings\":")
      json.list(table.warnings)
      if !table.infos.isEmpty {
        json.raw(",\"infos\":")
        json.list(table.infos)
      }
      json.raw(",\"elapsed_ms\":")
      json.number((elapsedMilliseconds * 1000).rounded() / 1000)
      json.raw("}\n")
    }
    return json.take()
  }

  private func beginSeries(_ series: Table.Series, isFirst: Bool, _ json: inout JSONText) {
    json.raw(isFirst ? "{\"metric\":" : ",{\"metric\":")
    json.string(series.key.metric)
    json.raw(",\"labels\":")
    json.labels(series.key.labels)
    if let model = series.model {
      json.raw(",\"model\":")
      json.model(model)
    }
    json.raw(",\"columns\":[\"time\"")
    for name in table.columns {
      json.raw(",")
      json.string(name)
    }
    json.raw("],\"values\":[")
  }

  private func appendCell(
    _ column: Table.Column, _ row: Int, digits: Int, to json: inout JSONText
  ) {
    switch column {
    case .numbers(let values): values[row].map { json.number($0) } ?? json.raw("null")
    case .integers(let values): values[row].map { json.integer($0) } ?? json.raw("null")
    case .times(let values):
      values[row].map { json.time($0, fractionDigits: digits) } ?? json.raw("null")
    case .texts(let values): json.string(values[row])
    }
  }
}

extension Table {
  /// All label names of all series, in order.
  var labelNames: [String] {
    var names: Set<String> = []
    for one in series { for label in one.key.labels.all { names.insert(label.name) } }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The names of the columns of rows: `time`, `metric`, the labels, those of the result. A label
  /// with the name of another column has `label_` in front.
  func columnNames(labels: [String]) -> [String] {
    let reserved = Set(["time", "metric"] + columns)
    return ["time", "metric"] + labels.map { reserved.contains($0) ? "label_" + $0 : $0 } + columns
  }
}

extension JSONText {
  /// Appends labels as an object.
  mutating func labels(_ labels: Labels) {
    raw("{")
    for (index, label) in labels.all.enumerated() {
      if index > 0 { raw(",") }
      string(label.name)
      raw(":")
      string(label.value)
    }
    raw("}")
  }

  /// Appends what an answer says of its model.
  mutating func model(_ model: ModelInfo) {
    raw("{\"id\":")
    model.id.map { string($0) } ?? raw("null")
    raw(",\"kind\":")
    string(model.kind.rawValue)
    raw(",\"state\":")
    string(model.state.rawValue)
    raw(",\"trained_until\":")
    time(model.trainedUntil, fractionDigits: model.trainedUntil.fractionDigits)
    if let holdout = model.holdout {
      raw(",\"holdout\":{\"mase\":")
      number(holdout.mase)
      raw(",\"coverage\":")
      number(holdout.coverage)
      raw(",\"mae\":")
      number(holdout.mae)
      raw(",\"network_share\":")
      number(holdout.networkShare.later)
      raw("}")
    }
    if let reason = model.reason {
      raw(",\"reason\":")
      string(reason)
    }
    if let job = model.job {
      raw(",\"job\":")
      integer(job)
    }
    raw("}")
  }
}

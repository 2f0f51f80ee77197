internal import AlmanacCore
internal import AlmanacQuery

/// A table as an Arrow IPC stream, message by message: schema, the dictionaries of metric and
/// labels, batches of rows, the end ("Arrow Columnar Format" 1.5, "IPC Streaming Format").
///
/// The columns are those of CSV. Times are nanoseconds in UTC, metric and labels dictionaries of
/// texts, where an absent label is null; numbers are 64 bits, null where CSV has an empty cell.
struct ArrowStream: Sequence, IteratorProtocol, Sendable {
  /// The media type of a stream.
  static let contentType = "application/vnd.apache.arrow.stream"
  /// Rows of a batch, at most.
  private static let batchRows = 1 << 16

  private enum Stage: Sendable {
    case schema
    case dictionary(Int)
    case rows
    case ended
  }

  private let table: Table
  /// `metric` first, then the labels by name: the distinct values of each, and which one each
  /// series has; nil where it has none.
  private let dictionaries: [(texts: [String], places: [Int32?])]
  private let names: [String]
  private let types: [ArrowMessage.ColumnType]
  private var stage = Stage.schema
  /// Where the next batch begins.
  private var series = 0
  private var row = 0

  init(_ table: Table) {
    self.table = table
    let labels = table.labelNames
    names = table.columnNames(labels: labels)
    dictionaries =
      [Self.dictionary(of: table.series.map(\.key.metric))]
      + labels.map { label in Self.dictionary(of: table.series.map { $0.key.labels[label] }) }
    types =
      [.timestamp] + dictionaries.indices.map { .dictionary(Int64($0)) }
      + table.columns.indices.map { column in
        switch table.series.first?.columns[column] {
        case .numbers, nil: .float64
        case .integers: .int64
        case .times: .timestamp
        case .texts: .utf8
        }
      }
  }

  private static func dictionary(of values: [String?]) -> (texts: [String], places: [Int32?]) {
    var places: [String: Int32] = [:]
    var texts: [String] = []
    let all = values.map { value -> Int32? in
      guard let value else { return nil }
      if let place = places[value] { return place }
      let place = Int32(texts.count)
      places[value] = place
      texts.append(value)
      return place
    }
    return (texts, all)
  }

  mutating func next() -> [UInt8]? {
    switch stage {
    case .schema:
      stage = .dictionary(0)
      return schema()
    case .dictionary(let index):
      stage = index + 1 < dictionaries.count ? .dictionary(index + 1) : .rows
      return ArrowMessage.dictionary(Int64(index), dictionaries[index].texts)
    case .rows:
      if let batch = nextBatch() { return batch }
      stage = .ended
      return ArrowMessage.end
    case .ended: return nil
    }
  }

  private func schema() -> [UInt8] {
    let fields = zip(names, types).enumerated().map { index, column in
      // Every row has its time and its metric.
      ArrowMessage.Field(name: column.0, type: column.1, isNullable: index > 1)
    }
    let texts =
      table.warnings.map { (key: "almanac.warning", value: $0) }
      + table.infos.map { (key: "almanac.info", value: $0) }
    return ArrowMessage.schema(
      fields, metadata: [(key: "almanac.type", value: table.type)] + texts)
  }

  private mutating func nextBatch() -> [UInt8]? {
    // Which rows of which series it has.
    var parts: [(series: Int, rows: Range<Int>)] = []
    var count = 0
    while series < table.series.count, count < Self.batchRows {
      let total = table.series[series].times.count
      let end = Swift.min(total, row + Self.batchRows - count)
      if row < end { parts.append((series, row..<end)) }
      count += end - row
      row = end
      if row == total {
        series += 1
        row = 0
      }
    }
    guard count > 0 else { return nil }
    var body = ArrowBody()
    body.append(
      parts.flatMap { part in
        table.series[part.series].times[part.rows].map { Optional($0.nanoseconds) }
      })
    for dictionary in dictionaries {
      body.append(
        parts.flatMap { part in
          repeatElement(dictionary.places[part.series], count: part.rows.count)
        })
    }
    for (column, type) in types.dropFirst(1 + dictionaries.count).enumerated() {
      append(column, type, parts, to: &body)
    }
    return ArrowMessage.recordBatch(body, rows: count)
  }

  private func append(
    _ column: Int, _ type: ArrowMessage.ColumnType, _ parts: [(series: Int, rows: Range<Int>)],
    to body: inout ArrowBody
  ) {
    let cells = parts.map { (table.series[$0.series].columns[column], $0.rows) }
    switch type {
    case .float64:
      body.append(
        cells.flatMap { cells, rows -> [Double?] in
          guard case .numbers(let all) = cells else { return rows.map { _ in nil } }
          return Array(all[rows])
        })
    case .int64:
      body.append(
        cells.flatMap { cells, rows -> [Int64?] in
          guard case .integers(let all) = cells else { return rows.map { _ in nil } }
          return all[rows].map { $0.map { Int64($0) } }
        })
    case .timestamp:
      body.append(
        cells.flatMap { cells, rows -> [Int64?] in
          guard case .times(let all) = cells else { return rows.map { _ in nil } }
          return all[rows].map { $0?.nanoseconds }
        })
    case .utf8:
      body.append(
        cells.flatMap { cells, rows -> [String] in
          guard case .texts(let all) = cells else { return rows.map { _ in "" } }
          return Array(all[rows])
        })
    case .dictionary: preconditionFailure("BUG: a result has no dictionaries")
    }
  }
}

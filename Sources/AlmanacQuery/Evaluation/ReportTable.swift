public import AlmanacCore

/// A report under construction, row by row.
public struct ReportTable: Sendable {
  /// One cell; nil prints as an empty one.
  public enum Cell: Sendable {
    /// Text.
    case text(String)
    /// A whole number.
    case integer(Int?)
    /// A number.
    case number(Double?)
    /// A moment.
    case time(Timestamp?)
  }

  private let columns: [String]
  private var series: [Table.Series] = []

  /// A report without rows.
  public init(columns: [String]) {
    self.columns = columns
  }

  /// The report.
  public var report: Report {
    // A column has one type throughout, also where rows leave it empty.
    var report = Report(columns: columns, series: series)
    for column in columns.indices {
      let isKnown = { (cells: Table.Column) -> Bool in
        if case .texts(let texts) = cells { texts.contains { !$0.isEmpty } } else { true }
      }
      guard let model = series.first(where: { isKnown($0.columns[column]) })?.columns[column]
      else { continue }
      for index in report.series.indices where !isKnown(report.series[index].columns[column]) {
        switch model {
        case .numbers: report.series[index].columns[column] = .numbers([nil])
        case .integers: report.series[index].columns[column] = .integers([nil])
        case .times: report.series[index].columns[column] = .times([nil])
        case .texts: break
        }
      }
    }
    return report
  }

  /// Adds a row, a cell for each column.
  public mutating func add(_ cells: [Cell], at time: Timestamp, of key: SeriesKey? = nil) {
    precondition(cells.count == columns.count, "BUG: a row of another width")
    series.append(
      Table.Series(
        key: key ?? SeriesKey(metric: "", labels: .none), model: nil, times: [time],
        columns: cells.map(Self.column)))
  }

  /// Adds a row with the cells of some columns; the others stay empty.
  public mutating func addRow(_ cells: [String: Cell], at time: Timestamp, of key: SeriesKey? = nil)
  {
    add(columns.map { cells[$0] ?? .text("") }, at: time, of: key)
  }

  private static func column(_ cell: Cell) -> Table.Column {
    switch cell {
    case .text(let text): .texts([text])
    case .integer(let number): .integers([number])
    case .number(let number): .numbers([number])
    case .time(let time): .times([time])
    }
  }
}

extension Double {
  /// The number as a cell holds it: nil for NaN.
  var known: Double? { isNaN ? nil : self }
}

public import AlmanacCore
internal import AlmanacForecast

/// A result as tidy rows: what `/api/v1/table` and the terminal print.
public struct Table: Sendable {
  /// The cells of one column of one series.
  public enum Column: Sendable {
    /// Numbers; nil prints as an empty cell.
    case numbers([Double?])
    /// Whole numbers; nil prints as an empty cell.
    case integers([Int?])
    /// Moments; nil prints as an empty cell.
    case times([Timestamp?])
    /// Text.
    case texts([String])

    /// A column without empty cells.
    static func full(_ values: [Double]) -> Column {
      // Said so: an array that is converted as a whole takes a dynamic cast for each number.
      .numbers(values.map { Optional($0) })
    }
  }

  /// The rows of one series.
  public struct Series: Sendable {
    /// Metric and labels; nil for rows that belong to no series.
    public var key: SeriesKey
    /// The model behind the rows, where there is one.
    public var model: ModelInfo?
    /// The time of each row.
    public var times: [Timestamp]
    /// The columns after time and labels, as named by `Table.columns`.
    public var columns: [Column]

    /// Rows of the series `key`.
    public init(key: SeriesKey, model: ModelInfo?, times: [Timestamp], columns: [Column]) {
      self.key = key
      self.model = model
      self.times = times
      self.columns = columns
    }
  }

  /// `series`, `forecast`, `outliers` or `report`.
  public var type: String
  /// Names of the columns after time and labels.
  public var columns: [String]
  /// The rows, by series in order of key.
  public var series: [Series]
  /// What the user should know about the answer.
  public var warnings: [String]
  /// How the answer came about, where there is something to say.
  public var infos: [String]

  /// How many rows there are.
  public var rowCount: Int { series.reduce(0) { $0 + $1.times.count } }

  /// The worst model state over the series, in the order hit, trained, stale, fallback.
  public var worstState: ModelInfo.State? {
    let order = ModelInfo.State.allCases
    return series.compactMap { $0.model?.state }
      .max { (order.firstIndex(of: $0) ?? 0) < (order.firstIndex(of: $1) ?? 0) }
  }

  /// The rows of `value`; a number or string gets the time `now`. Series come in order of key
  /// unless they keep their own.
  init(
    _ value: Value, now: Timestamp, warnings: [String], infos: [String] = [],
    keepsOrder: Bool = false
  ) throws(QueryError) {
    self.warnings = warnings
    self.infos = infos
    switch value {
    case .number(let number):
      (type, columns) = ("series", ["value"])
      series = [
        Series(
          key: SeriesKey(metric: "", labels: .none), model: nil, times: [now],
          columns: [.numbers([number])])
      ]
    case .string(let text):
      (type, columns) = ("report", ["value"])
      series = [
        Series(
          key: SeriesKey(metric: "", labels: .none), model: nil, times: [now],
          columns: [.texts([text])])
      ]
    case .series(let all):
      (type, columns) = ("series", ["value"])
      series = all.map(\.rows)
    case .grid(let all):
      (type, columns) = ("series", ["value"])
      series = []
      for one in all { series.append(try one.prepared().rows) }
    case .forecast(let all):
      type = "forecast"
      // One level keeps the plain names; several carry theirs.
      let levels = all.first?.curve.bands.map(\.level) ?? []
      let suffixes = levels.count > 1 ? levels.map { "_" + $0.percentText } : [""]
      columns = ["yhat"] + suffixes.flatMap { ["lower\($0)", "upper\($0)"] }
      series = all.map(\.rows)
    case .outliers(let all):
      type = "outliers"
      columns = LabelledOutliers.columns
      series = all.map(\.rows)
    case .report(let report):
      // The order of its rows says something.
      (type, columns, series) = ("report", report.columns, report.series)
      return
    }
    if !keepsOrder { series.sort { $0.key < $1.key } }
  }
}

extension LabelledSamples {
  fileprivate var rows: Table.Series {
    Table.Series(
      key: key, model: nil, times: samples.timestamps.map(Timestamp.init(nanoseconds:)),
      columns: [.full(samples.values)])
  }
}

extension LabelledForecast {
  /// The time of the step at `index`; stays at the end of time once there.
  public func time(at index: Int) -> Timestamp {
    let (offset, overflow) = Int64(index).multipliedReportingOverflow(by: curve.step.nanoseconds)
    return overflow ? Timestamp(nanoseconds: .max) : curve.start + Interval(nanoseconds: offset)
  }

  fileprivate var rows: Table.Series {
    let times = curve.yhat.indices.map(time(at:))
    let bands = curve.bands.flatMap { [Table.Column.full($0.lower), .full($0.upper)] }
    return Table.Series(
      key: key, model: model, times: times, columns: [.full(curve.yhat)] + bands)
  }
}

extension LabelledOutliers {
  fileprivate static let columns = [
    "value", "expected", "lower", "upper", "score", "ll_actual", "ll_expected", "direction",
    "reason", "code", "component", "context_start", "context_end", "comparable", "run_start",
    "run_length", "verdict", "note",
  ]

  fileprivate var rows: Table.Series {
    let time = { (index: Int) in grid.time(at: index) }
    let judged = times.map { judgement(at: $0) }
    return Table.Series(
      key: key, model: model, times: times,
      columns: [
        .numbers(samples.map(\.value)), .numbers(samples.map(\.expected)),
        .numbers(samples.map(\.lower)), .numbers(samples.map(\.upper)),
        .numbers(samples.map(\.score)), .numbers(samples.map(\.llActual)),
        .numbers(samples.map(\.llExpected)), .texts(samples.map(\.direction.rawValue)),
        .texts(samples.map(\.reason)), .texts(samples.map(\.code)),
        .integers(samples.map(\.component)), .times(samples.map { time($0.contextStart) }),
        .times(samples.map { time($0.contextEnd) }),
        .times(samples.map { $0.comparable.map(time) }),
        .times(samples.map { time($0.runStart) }), .integers(samples.map(\.runLength)),
        .texts(judged.map { $0?.verdict.rawValue ?? "" }), .texts(judged.map { $0?.note ?? "" }),
      ])
  }
}

extension Double {
  /// A level such as 0.95 as it is named: `95`, `97.5`.
  public var percentText: String { ((self * 1e6).rounded() / 1e4).shortestText }
}

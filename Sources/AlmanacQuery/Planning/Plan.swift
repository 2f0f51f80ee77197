internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacPattern

/// What a query will do, with names resolved, arguments read and types checked.
indirect enum Plan: Sendable {
  case number(Double)
  case string(String)
  case select(Selection)
  case window(WindowPlan)
  case moved(Plan, Move)
  case negated(Plan)
  case arithmetic(Arithmetic)
  case aggregate(Aggregation)
  case rank(Ranking)
  case windowFunction(WindowFunctionPlan)
  case info(InfoPlan)
  case prepare(PreparePlan)
  case forecast(ForecastPlan)
  case outliers(OutliersPlan)
  case project(Plan, Column)
  case scalar(ScalarPlan)
  /// `vector(1)`: a number as a series without labels.
  case vector(Plan)
  /// When the newest sample of each series was taken, in seconds.
  case sampleTimes(Selection)
  case function(SeriesFunctionPlan)
  case setOperation(SetOperation)
  case countValues(ValueCount)
  case resample(ResamplePlan)
  case split(SplitPlan)
  case decompose(DecomposePlan)
  case periods(PeriodsPlan)
  case peers(PeersPlan)
  case why(WhyPlan)
  case incidents(IncidentsPlan)
  case label(LabelPlan)
  case changes(ChangesPlan)
  case component(ComponentPlan)
  case crosses(CrossesPlan)
  case backtest(BacktestPlan)
  case accuracy(AccuracyPlan)
  case tune(TunePlan)
  case stage(StagePlan)

  /// What a plan evaluates to.
  enum ResultType: String, Sendable {
    case number, string, series, grid, forecast, outliers, decomposition, report

    /// The type as errors name it.
    var name: String { self == .series ? "series" : self == .grid ? "grid" : rawValue }

    /// Whether arithmetic and aggregates take it: forecasts and outliers stand for their main
    /// column there.
    var isSeries: Bool {
      switch self {
      case .series, .grid, .forecast, .outliers: true
      case .number, .string, .decomposition, .report: false
      }
    }
  }

  var type: ResultType {
    switch self {
    case .number: .number
    case .string: .string
    case .select, .window, .aggregate, .rank, .windowFunction, .info, .project, .split: .series
    case .vector, .sampleTimes, .function, .setOperation, .countValues: .series
    case .scalar: .number
    case .moved(let plan, _): plan.type
    case .stage(let node): node.plan.type
    case .negated(let plan): plan.type == .number ? .number : .series
    case .arithmetic(let node):
      node.left.type == .number && node.right.type == .number ? .number : .series
    case .prepare, .resample, .component: .grid
    case .decompose: .decomposition
    case .periods, .why, .incidents, .label, .changes, .crosses, .backtest, .accuracy, .tune:
      .report
    case .forecast: .forecast
    case .outliers, .peers: .outliers
    }
  }
}

extension Plan {
  /// Whether each series has one value at one moment, and one a step in a range: newest samples
  /// and functions of windows, perhaps calculated with. Prometheus calls it an instant vector.
  var isInstant: Bool {
    switch self {
    case .select, .windowFunction, .vector, .sampleTimes: true
    case .function(let node): node.isInstant
    case .project(let plan, _): plan.type == .report
    case .setOperation(let node): node.left.isInstant && node.right.isInstant
    case .countValues(let node): node.input.isInstant
    case .moved(let plan, _), .negated(let plan): plan.isInstant
    case .stage(let node): node.plan.isInstant
    case .aggregate(let node): node.input.isInstant
    case .rank(let node): node.input.isInstant
    case .info(let node): node.input.isInstant
    case .arithmetic(let node):
      [node.left, node.right].allSatisfy { $0.type == .number || $0.isInstant }
    default: false
    }
  }

  /// Whether the query ends in a window, `x[5m]`, which may be moved in time.
  var isWindow: Bool {
    switch self {
    case .window: true
    case .moved(let plan, _): plan.isWindow
    default: false
    }
  }

  /// The plans whose samples this one's are made of, moment by moment.
  private var dataInputs: [Plan] {
    switch self {
    case .moved(let plan, _), .negated(let plan): [plan]
    case .stage(let node): [node.plan]
    case .aggregate(let node): [node.input]
    case .rank(let node): [node.input]
    case .info(let node): [node.input]
    case .arithmetic(let node): [node.left, node.right]
    case .setOperation(let node): [node.left, node.right]
    case .function(let node): [node.input]
    case .countValues(let node): [node.input]
    default: preparationInput.map { [$0] } ?? []
    }
  }

  /// The longest window that was written anywhere in the data.
  var windowLength: Interval? {
    if case .window(let node) = self { return node.length }
    return dataInputs.compactMap(\.windowLength).max()
  }

  /// Whether a range without steps brings one value only: samples lie in windows further inside.
  var needsSteps: Bool {
    switch self {
    case .windowFunction, .scalar, .vector: true
    default: dataInputs.contains(where: \.needsSteps)
    }
  }
}

/// Series by metric and labels.
struct Selection: Sendable {
  var matchers: [LabelMatcher]
  /// Whether values are interpolated between the samples around a moment.
  var isSmoothed = false
}

/// An expression over the samples of a stretch of time that ends at the evaluation time.
struct WindowPlan: Sendable {
  var base: Plan
  var length: Interval
  /// The step of a subquery; nil takes samples as they are.
  var step: Interval?
  /// What stands for the values at its ends.
  var boundary = Window.Boundary.samples
}

/// A function of the samples in a window, at every moment of the evaluation.
struct WindowFunctionPlan: Sendable {
  var function: WindowFunction
  /// A window, perhaps moved in time.
  var input: Plan
  /// The numbers that some functions take.
  var parameters: [Plan]
  /// The labels that the selector asks for, which the result for no series gets.
  var absentLabels: Labels
  /// Where errors point to.
  var range: SourceRange
}

/// One stage of preparation.
struct PreparePlan: Sendable {
  var input: Plan
  var stage: PreparationStep
  /// The step to put series on; nil finds theirs.
  var step: Interval?
  /// Where errors point to.
  var range: SourceRange
}

/// Another evaluation time.
enum Move: Sendable {
  /// Earlier by so much.
  case offset(Interval)
  /// At this moment.
  case at(Timestamp)
  /// So much after the query's time; negative is before.
  case relative(Interval)
  /// At the start or end of the query's range.
  case start, end
}

/// A column of a forecast, of outliers or of a report, as series.
enum Column: Sendable, Equatable {
  case yhat
  /// A bound of the band at `level`; nil is the only or widest one.
  case lower(level: Double?)
  case upper(level: Double?)
  case score, value, expected, outlierLower, outlierUpper
  /// 1 above, -1 below, 0 for no outlier.
  case flag
  /// A column of a report; moments count in unix seconds.
  case report(String)
}

/// A forecast of every series of `input`.
struct ForecastPlan: Sendable {
  var input: Plan
  /// Canonical text of the input: part of the model's key.
  var inputText: String
  var horizon: Interval
  var history: Interval
  var step: Interval?
  var options: ForecastOptions
  var levels: [Double]
  /// The labels that series share a network by; nil gives each its own.
  var group: [String]?
  /// The metric that the forecast is written to; nil writes nothing.
  var store: String?
  var wait: Duration
  var maximumAge: Interval
  /// Where errors point to.
  var range: SourceRange
}

/// Outliers of every series of `input`.
struct OutliersPlan: Sendable {
  var input: Plan
  /// What judgements of them are about.
  var signal: JudgedSignal
  var against: ForecastPlan?
  var history: Interval
  /// How the detector is set, but for what depends on the series' step.
  var method: OutlierMethod
  var threshold: Double?
  var alarmsPerDay: Double
  var direction: OutlierDirection
  var minimumDuration: Interval
  var minimumDeviation: Double
  var includesAll: Bool
  var seed: UInt64
  var range: SourceRange
}

extension Plan {
  /// The columns of a report that hold a number or a moment.
  var numericColumns: [String] {
    switch self {
    case .periods: PeriodsPlan.numericColumns
    case .crosses: CrossesPlan.columns
    case .backtest(let node): node.columns
    case .accuracy: AccuracyPlan.columns
    case .changes: ChangesPlan.numericColumns
    case .incidents: IncidentsPlan.numbers
    case .stage(let node): node.plan.numericColumns
    case .moved(let plan, _): plan.numericColumns
    default: []
    }
  }
}

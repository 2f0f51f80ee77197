public import AlmanacCore
public import AlmanacForecast

/// What an expression evaluates to.
public enum Value: Sendable {
  /// A number.
  case number(Double)
  /// A string.
  case string(String)
  /// Series with their samples.
  case series([LabelledSamples])
  /// Series on one step each, with the stages they go through.
  case grid([GridSeries])
  /// Forecasts.
  case forecast([LabelledForecast])
  /// Judged samples.
  case outliers([LabelledOutliers])
  /// A small table.
  case report(Report)
}

/// One series with samples.
public struct LabelledSamples: Sendable, Equatable {
  /// Metric and labels.
  public var key: SeriesKey
  /// Samples in order of time.
  public var samples: Samples
  /// Whether the metric goes once the query is computed: functions of labels still see it.
  var dropsMetric = false

  /// Samples of the series `key`.
  public init(key: SeriesKey, samples: Samples) {
    self.key = key
    self.samples = samples
  }

  /// The same series with other samples.
  func with(_ samples: Samples) -> LabelledSamples {
    var other = self
    other.samples = samples
    return other
  }
}

/// One series on a fixed step, with the stages that it goes through.
public struct GridSeries: Sendable {
  /// Metric and labels.
  public var key: SeriesKey
  /// What was read, binned to the step, before any stage.
  public var base: RegularSeries
  /// The stages, in order; a forecast refits them on each past it looks from, and undoes them.
  public var stages: [PreparationStep]
  /// Where the last stage stands in the query, for errors.
  public var origin: SourceRange

  /// `base` after all stages, which are fitted on it.
  public func prepared() throws(QueryError) -> LabelledSamples {
    LabelledSamples(key: key, samples: try preparedSeries().series.known)
  }

  /// The same on its step, and what the stages filled in and took out.
  public func preparedSeries() throws(QueryError) -> (
    series: RegularSeries, provenance: Provenance
  ) {
    do {
      let fitted = try FittedPreparation.fit(stages, on: base)
      return (fitted.apply(base), fitted.provenance)
    } catch {
      throw QueryError(
        code: .evaluation, message: "\(key): \(error.message)", range: origin, stage: "prepare",
        hint: error.code == .negativeValue
          ? "write scale(log) in front of detrend and deseason, or scale(robust)"
          : "give it a longer history, as memory<host=x>[30d]")
    }
  }
}

/// A forecast of one series.
public struct LabelledForecast: Sendable {
  /// Metric and labels.
  public var key: SeriesKey
  /// Curve and bands.
  public var curve: ForecastCurve
  /// The model behind it.
  public var model: ModelInfo
}

/// How a forecast came about: what every answer says of its model.
public struct ModelInfo: Sendable {
  /// How the model was come by, best first.
  public enum State: String, Sendable, CaseIterable {
    /// Found in the cache.
    case hit
    /// Trained for this query.
    case trained
    /// Found in the cache, older than asked for.
    case stale
    /// Not a trained model: a plain rule, see the reason.
    case fallback
  }

  /// The model's key in the cache; nil for a fallback, which is never kept.
  public var id: String?
  /// The method.
  public var kind: ModelKind
  /// How it was come by.
  public var state: State
  /// The last moment that was trained on.
  public var trainedUntil: Timestamp
  /// Errors on the part that was held out, where there was one.
  public var holdout: HoldOut?
  /// Why a fallback answers.
  public var reason: String?
  /// The training that goes on meanwhile.
  public var job: Int?

  /// All there is to say.
  public init(
    id: String?, kind: ModelKind, state: State, trainedUntil: Timestamp, holdout: HoldOut?,
    reason: String?, job: Int?
  ) {
    self.id = id
    self.kind = kind
    self.state = state
    self.trainedUntil = trainedUntil
    self.holdout = holdout
    self.reason = reason
    self.job = job
  }
}

/// Judged samples of one series.
public struct LabelledOutliers: Sendable {
  /// Metric and labels.
  public var key: SeriesKey
  /// The grid that `JudgedSample.index` counts on.
  public var grid: RegularSeries
  /// The judged samples in order of time; only outliers unless all were asked for.
  public var samples: [JudgedSample]
  /// When each of them was taken: within the bin at its index.
  public var times: [Timestamp]
  /// The model of the forecast that was judged against, where there was one.
  public var model: ModelInfo?
  /// What was said of its outliers, in order of number.
  public var judgements: [Judgement] = []
}

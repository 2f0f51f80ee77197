internal import AlmanacCore
internal import AlmanacForecast

/// Where the history begins that a series' outliers are judged by, and when its refits are due.
///
/// Both are fixed in time, so that the next question about the series goes on where this one ends:
/// the beginning moves once a week, by a week. Each series has times of its own for both, taken from
/// its key: of many that are polled a few are refitted each minute.
struct OutlierHistory: Sendable, Equatable {
  /// How far the beginning moves at once.
  static let renewal = Interval.days(7)
  private static let refit = Interval.hours(6)
  /// What clocks and the next run of the retention may differ by.
  private static let margin = Interval.hours(1)
  /// The samples before a refit that their step is taken from, at least.
  private static let fewest = 50

  /// The first moment that counts.
  let origin: Timestamp
  /// By how much refits come before the quarter days.
  private let phase: Interval

  /// The history of `key` for what is judged in `judged`: at least `lead` before that, less where
  /// samples are kept for `kept` only. It never begins so early that samples at its beginning outlive
  /// their retention before it moves.
  init(of key: SeriesKey, judged: TimeRange, lead: Interval, kept: Interval?) {
    var hash = FNV1a(key.encoded).value
    hash ^= hash >> 32
    phase = .minutes(Int64(hash % 360))
    var renewal = Self.renewal
    var lead = lead
    if let kept {
      let spare = Self.length(of: judged) + Self.margin
      let sure = max(kept.nanoseconds - spare.nanoseconds, 0)
      if sure < (lead + renewal).nanoseconds {
        let third = Interval(nanoseconds: sure / 3)
        renewal = min(renewal, max(third, Self.margin))
        lead = Interval(nanoseconds: max(sure - renewal.nanoseconds, 0))
      }
    }
    let shift = Interval.minutes(
      Int64(hash >> 16) % max(renewal.nanoseconds / Interval.minutes(1).nanoseconds, 1))
    origin = (judged.start - lead - shift).aligned(downTo: renewal) + shift
  }

  /// From the first to the last moment of `range`.
  static func length(of range: TimeRange) -> Interval {
    let (length, overflow) = range.end.nanoseconds.subtractingReportingOverflow(
      range.start.nanoseconds)
    return Interval(nanoseconds: overflow ? .max : length)
  }

  /// The last moment up to `time` at which refits are due, to less than one step.
  func refit(before time: Timestamp) -> Timestamp {
    (time + phase).aligned(downTo: Self.refit) - phase
  }

  /// The index of `start` on the grid of `step` whose quarter days are refits.
  func offset(of start: Timestamp, step: Interval) -> Int {
    Int(start.nanoseconds / step.nanoseconds) + Int(phase.nanoseconds / step.nanoseconds)
  }

  /// What counts of `samples`.
  func cut(_ samples: Samples) -> Samples {
    samples.inside(TimeRange(start: origin, end: Timestamp(nanoseconds: .max)))
  }

  /// The step of what counts, as far as it was seen at the last refit before `end`: it stays until
  /// the next one. `isYoung` where that was too little, and newer samples were looked at.
  func step(of samples: Samples, until end: Timestamp) -> (step: Interval?, isYoung: Bool) {
    let last = refit(before: end) - Interval(nanoseconds: 1)
    let before = samples.inside(TimeRange(start: Timestamp(nanoseconds: .min), end: last))
    let isYoung = before.count < Self.fewest
    return (RegularSeries.detectStep(isYoung ? samples : before), isYoung)
  }
}

extension OutliersPlan {
  /// The selector whose outliers can be told by going on from earlier answers: samples as they were
  /// written, by a method that keeps a state.
  var streamed: Selection? {
    guard against == nil, OutlierStream.supports(method) else { return nil }
    return input.plainSelection
  }

  /// Everything that a state depends on beside its series.
  func stateText(of length: Interval) -> String {
    """
    \(method.rawValue) history=\(history.nanoseconds) threshold=\(threshold.map(\.shortestText) ?? "") \
    alarms=\(alarmsPerDay.shortestText) direction=\(direction.rawValue) \
    for=\(minimumDuration.nanoseconds) min_dev=\(minimumDeviation.shortestText) seed=\(seed) \
    all=\(includesAll) length=\(length.nanoseconds)
    """
  }
}

extension Plan {
  /// The selector that is all of this plan beside a window and times.
  fileprivate var plainSelection: Selection? {
    switch self {
    case .select(let selection): selection.isSmoothed ? nil : selection
    case .window(let node):
      node.step == nil && node.boundary == .samples ? node.base.bareSelection : nil
    case .moved(let plan, _): plan.plainSelection
    default: nil
    }
  }

  private var bareSelection: Selection? {
    guard case .select(let selection) = self, !selection.isSmoothed else { return nil }
    return selection
  }
}

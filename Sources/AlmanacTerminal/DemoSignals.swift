public import AlmanacCore

/// Synthetic signals for `almanac demo`: memory and cpu of three hosts, one sample a minute, for
/// the five weeks that end at a given moment.
///
/// They rise and fall with the hour and are lower at weekends, in UTC, with noise that remembers
/// its last values, a slow trend, two gaps, a batch job that comes every Sunday, and a few true
/// outliers in the last week. Nothing was measured anywhere. The same `end` and `seed` give the
/// same bytes.
public struct DemoSignals: Sendable {
  /// The time of the last sample.
  public let end: Timestamp
  /// What the noise is made from.
  public let seed: UInt64
  /// Six signals: memory and cpu of `web-1`, `web-2` and `db-1`.
  public let signals: [Signal]

  /// How many minutes there are: five weeks.
  static let minutes = 35 * 24 * 60
  private static let hosts = ["web-1", "web-2", "db-1"]

  /// The signals for the five weeks before and including `end`, aligned down to a minute.
  public init(end: Timestamp, seed: UInt64) {
    let end = end.aligned(downTo: .minutes(1))
    self.end = end
    self.seed = seed
    let start = end - .minutes(Int64(Self.minutes - 1))
    let today = end.aligned(downTo: .days(1))
    signals = ["memory", "cpu"].flatMap { metric in
      Self.hosts.map { host in
        Signal(
          metric: metric, host: host, start: start, seed: seed,
          events: Self.events(today: today).filter { $0.metric == metric && $0.host == host },
          gaps: Self.gaps(today: today).filter { $0.host == host }.map(\.range))
      }
    }
  }

  /// The times at which something truly unusual happens, `end` included, in order of time.
  ///
  /// The gaps and the weekly batch job are not among them.
  public var trueOutliers:
    [(metric: String, host: String, start: Timestamp, end: Timestamp, what: String)]
  {
    Self.events(today: today).map { event in
      (event.metric, event.host, event.range.start, event.range.end, event.what)
    }
  }

  /// The times without samples, `end` included; both metrics of the host are silent.
  public var gaps: [(host: String, start: Timestamp, end: Timestamp)] {
    Self.gaps(today: today).map { ($0.host, $0.range.start, $0.range.end) }
  }

  private var today: Timestamp { end.aligned(downTo: .days(1)) }

  /// An unusual stretch: what it adds to or puts in place of the usual values.
  struct Event: Sendable {
    var metric: String
    var host: String
    var range: TimeRange
    var what: String
    var effect: Effect
  }

  /// What an event does to a value.
  enum Effect: Sendable {
    case add(Double)
    case fix(Double)
  }

  /// The minutes from `time` on the day `days` before `today`, the last one included.
  private static func range(
    _ days: Int64, before today: Timestamp, at time: (hour: Int64, minute: Int64), minutes: Int64
  ) -> TimeRange {
    let start = today - .days(days) + .minutes(time.hour * 60 + time.minute)
    return TimeRange(start: start, end: start + .minutes(minutes - 1))
  }

  /// All within the week before the end, whatever its hour: from six days before to yesterday.
  private static func events(today: Timestamp) -> [Event] {
    func event(
      _ metric: String, _ host: String, _ days: Int64, _ hour: Int64, _ minute: Int64,
      for minutes: Int64, _ effect: Effect, _ what: String
    ) -> Event {
      let range = range(days, before: today, at: (hour, minute), minutes: minutes)
      return Event(metric: metric, host: host, range: range, what: what, effect: effect)
    }
    return [
      event("cpu", "web-2", 6, 14, 20, for: 6, .add(42), "a spike of 6 minutes"),
      event(
        "memory", "web-1", 5, 16, 10, for: 18, .add(-21),
        "the dip of the weekly batch job, but at the wrong hour"),
      event("memory", "db-1", 4, 10, 30, for: 40, .add(9), "a level step of 40 minutes"),
      event("cpu", "db-1", 3, 20, 5, for: 10, .fix(1.5), "nearly idle for 10 minutes"),
      event("memory", "web-2", 2, 8, 45, for: 5, .add(17), "a spike of 5 minutes"),
      event("cpu", "web-1", 1, 2, 15, for: 25, .add(30), "as busy at night as at noon"),
    ]
  }

  private static func gaps(today: Timestamp) -> [(host: String, range: TimeRange)] {
    [
      ("db-1", range(16, before: today, at: (11, 0), minutes: 180)),
      ("web-2", range(9, before: today, at: (15, 10), minutes: 25)),
    ]
  }

  /// One series: its name, its labels and how to compute its samples.
  public struct Signal: Sendable {
    /// `memory` or `cpu`, both in percent.
    public let metric: String
    /// `host`, `pool` and `dc`.
    public let labels: [(String, String)]
    /// The host that it belongs to.
    public let host: String

    private let start: Timestamp
    private let seed: UInt64
    private let events: [Event]
    private let gaps: [TimeRange]

    init(
      metric: String, host: String, start: Timestamp, seed: UInt64, events: [Event],
      gaps: [TimeRange]
    ) {
      self.metric = metric
      self.host = host
      self.start = start
      self.seed = seed
      self.events = events
      self.gaps = gaps
      labels = [
        ("host", host), ("pool", host.hasPrefix("db") ? "db" : "web"), ("dc", "eu-1"),
      ]
    }

    /// All samples, computed anew; values have two decimals.
    public func samples() -> Samples {
      var samples = Samples(capacity: DemoSignals.minutes)
      forEachHundredth { time, hundredths in
        samples.insert(time: time, value: Double(hundredths) / 100)
      }
      return samples
    }

    /// The samples as whole hundredths of a percent.
    func forEachHundredth(_ body: (_ time: Int64, _ hundredths: Int) -> Void) {
      let shape = DemoShape(metric: metric, host: host)
      let name = metric + "/" + host
      var noise = SplitMix64(seed: seed ^ FNV1a(name.utf8).value)
      var drift = 0.0
      for minute in 0..<DemoSignals.minutes {
        let time = start + .minutes(Int64(minute))
        drift = shape.memory * drift + shape.drift * noise.bell()
        let jitter = shape.jitter * noise.bell()
        // Noise is drawn inside gaps too: what follows does not depend on them.
        if gaps.contains(where: { $0.contains(time) }) { continue }
        let age = Double(minute) / Double(24 * 60)
        var value = shape.value(at: time, age: age) + drift + jitter
        for event in events where event.range.contains(time) {
          switch event.effect {
          case .add(let change): value += change
          case .fix(let level): value = level + jitter * 0.1
          }
        }
        body(time.nanoseconds, Int((max(0.5, min(value, 99.5)) * 100).rounded()))
      }
    }
  }
}

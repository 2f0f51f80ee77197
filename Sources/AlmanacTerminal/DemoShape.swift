import AlmanacCore
import Glibc

/// The rhythm of one demo signal: what it would be without noise and without events.
struct DemoShape {
  /// The value at night, and how much the busiest hour adds.
  private let base: Double
  private let amplitude: Double
  /// What is left of the daily rhythm at weekends.
  private let weekend: Double
  /// Percent a day.
  private let trend: Double
  /// What the weekly batch job takes away.
  private let weeklyDip: Double
  /// The noise: how much of its last value it keeps, what is added each minute, and what is
  /// forgotten at once.
  let memory: Double
  let drift: Double
  let jitter: Double
  /// The share of the amplitude in each minute of a day.
  private let daily: [Double]

  init(metric: String, host: String) {
    switch (metric, host) {
    case ("memory", "web-1"): (base, amplitude, weekend, trend) = (52, 16, 0.55, 0)
    case ("memory", "web-2"): (base, amplitude, weekend, trend) = (49, 15, 0.55, 0.16)
    case ("memory", _): (base, amplitude, weekend, trend) = (71, 7, 0.7, 0)
    case ("cpu", "web-1"): (base, amplitude, weekend, trend) = (16, 38, 0.5, 0)
    case ("cpu", "web-2"): (base, amplitude, weekend, trend) = (14, 36, 0.5, 0)
    default: (base, amplitude, weekend, trend) = (22, 24, 0.6, 0)
    }
    weeklyDip = metric == "memory" && host == "web-1" ? 22 : 0
    (memory, drift, jitter) = metric == "memory" ? (0.96, 0.18, 0.2) : (0.9, 0.9, 1.0)
    let late = host.hasPrefix("db") ? 1.5 : 0.0
    daily = (0..<24 * 60).map { minute in
      let hour = Double(minute) / 60 - late
      let once = 0.5 - 0.5 * cos((hour - 2) / 24 * 2 * Double.pi)
      let twice = 0.14 * sin((hour - 8) / 12 * 2 * Double.pi)
      return max(0, once + twice)
    }
  }

  /// The value at `time`, `age` days after the first sample.
  func value(at time: Timestamp, age: Double) -> Double {
    let minute = Int(time.nanoseconds / 60_000_000_000)
    // 1970-01-05 was a Monday; counted from there, with minutes of the week from 0.
    let week = 7 * 24 * 60
    let minuteOfWeek = ((minute - 4 * 24 * 60) % week + week) % week
    let share = daily[minuteOfWeek % (24 * 60)]
    let weight = 1 - (1 - weekend) * Self.weekendShare(Double(minuteOfWeek) / 60)
    return base + amplitude * share * weight + trend * age
      - weeklyDip * Self.batchShare(minuteOfWeek)
  }

  /// 1 at weekends, 0 on other days, with three hours of passage around both midnights.
  private static func weekendShare(_ hour: Double) -> Double {
    let step = { (x: Double) -> Double in
      let share = max(0, min(x, 1))
      return share * share * (3 - 2 * share)
    }
    let saturday = step((hour - (5 * 24 - 1.5)) / 3)
    // Monday begins where the week does: the passage lies on both sides of its edge.
    let monday = hour < 84 ? step((hour + 1.5) / 3) : step((hour - (7 * 24 - 1.5)) / 3)
    return hour < 84 ? 1 - monday : saturday * (1 - monday)
  }

  /// How far the batch job of Sunday, 03:00 to 04:00, is under way: two minutes in and out.
  private static func batchShare(_ minuteOfWeek: Int) -> Double {
    let minute = minuteOfWeek - (6 * 24 + 3) * 60
    guard (0..<60).contains(minute) else { return 0 }
    return min(1, Double(min(minute + 1, 60 - minute)) / 3)
  }
}

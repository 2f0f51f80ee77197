import AlmanacCore

/// The horizontal axis: from which moment to which, and which moments it names.
struct TimeAxis {
  /// Nanoseconds since the Unix epoch at the left and at the right edge.
  let start: Int64
  let end: Int64

  /// A label under the plot: it names the moment in the cell `column` and begins in cell `left`,
  /// which is negative where it reaches below the value labels.
  struct Label: Equatable {
    var column: Int
    var left: Int
    var text: String
  }

  /// An axis over `start...end`; an hour to both sides where the two are the same moment.
  init(start: Int64, end: Int64) {
    if start < end {
      self.start = start
      self.end = end
    } else {
      let time = Timestamp(nanoseconds: start)
      self.start = (time - .hours(1)).nanoseconds
      self.end = (time + .hours(1)).nanoseconds
    }
  }

  private var span: UInt64 { UInt64(bitPattern: end &- start) }

  /// The dot of `time` on a canvas `width` dots wide; nil outside.
  func dot(_ time: Int64, width: Int) -> Int? {
    guard start <= time, time <= end else { return nil }
    // The difference of two Int64 in order always fits a UInt64.
    let share = Double(UInt64(bitPattern: time &- start)) / Double(span)
    return Int((share * Double(width - 1)).rounded())
  }

  /// The moments to name under a plot of `columns` cells: as many as fit side by side.
  ///
  /// Labels may reach `margin` cells to the left of the plot.
  func labels(columns: Int, dotsAcross: Int, margin: Int) -> [Label] {
    for step in TimeStep.all where Double(span) / step.nanoseconds <= Double(columns) {
      var labels: [Label] = []
      var fits = true
      for time in step.times(from: start, to: end) {
        guard let dot = dot(time, width: columns * dotsAcross) else { continue }
        let text = step.label(Timestamp(nanoseconds: time), span: span)
        let column = dot / dotsAcross
        let centered = max(column - (text.count - 1) / 2, -margin)
        let left = min(centered, columns - text.count)
        let free = labels.last.map { $0.left + $0.text.count + 3 } ?? -margin
        // One that was moved in from the right edge may be left out.
        if left < free, left < centered { break }
        fits = left >= free
        guard fits else { break }
        labels.append(Label(column: column, left: left, text: text))
      }
      if fits, !labels.isEmpty { return labels }
    }
    return []
  }

  /// Both edges as text, such as `2026-08-25 12:00 to 2026-09-08 12:00 UTC`.
  var rangeText: String {
    let seconds = span < 600_000_000_000
    let text = { (time: Int64) -> (day: Substring, clock: Substring) in
      let parts = Timestamp(nanoseconds: time).formatted(fractionDigits: 0).split(separator: "T")
      return (parts[0], parts[1].prefix(seconds ? 8 : 5))
    }
    let (from, to) = (text(start), text(end))
    let last = from.day == to.day ? "\(to.clock)" : "\(to.day) \(to.clock)"
    return "\(from.day) \(from.clock) to \(last) UTC"
  }
}

/// The distance between two labels of a time axis.
enum TimeStep {
  /// Multiples of `length` nanoseconds since the epoch plus `offset`.
  case fixed(length: Int64, offset: Int64)
  /// The first day of every so many months, counted from January of year 0.
  case months(Int)

  private static let second: Int64 = 1_000_000_000
  private static let day: Int64 = 86_400 * second

  /// All steps, shortest first.
  static let all: [TimeStep] = {
    var lengths: [Int64] = []
    var power: Int64 = 1
    while power < second {
      lengths += [power, power * 2, power * 5]
      power *= 10
    }
    lengths += [1, 2, 5, 10, 15, 30].map { $0 * second }
    lengths += [1, 2, 5, 10, 15, 30].map { $0 * 60 * second }
    lengths += [1, 2, 3, 6, 12].map { $0 * 3600 * second }
    lengths += [day, 2 * day]
    var steps = lengths.map { TimeStep.fixed(length: $0, offset: 0) }
    // 1970-01-05 was a Monday.
    steps += [7, 14].map { .fixed(length: $0 * day, offset: 4 * day) }
    return steps + [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200].map { .months($0) }
  }()

  /// The length, of months the mean one.
  var nanoseconds: Double {
    switch self {
    case .fixed(let length, _): Double(length)
    case .months(let count): Double(count) * 30.44 * Double(Self.day)
    }
  }

  /// The moments of this step in `start...end`, ascending; at most 2,000.
  func times(from start: Int64, to end: Int64) -> [Int64] {
    var times: [Int64] = []
    switch self {
    case .fixed(let length, let offset):
      let step = Interval(nanoseconds: length)
      let shifted = Timestamp(nanoseconds: start) - Interval(nanoseconds: offset)
      var time = shifted.aligned(downTo: step) + Interval(nanoseconds: offset)
      while time.nanoseconds <= end, times.count < 2000 {
        if time.nanoseconds >= start { times.append(time.nanoseconds) }
        let next = time + step
        if next <= time || next.nanoseconds == .max { break }
        time = next
      }
    case .months(let count):
      let first = CalendarDay(Timestamp(nanoseconds: start))
      var month = (first.year * 12 + first.month - 1) / count * count
      while times.count < 2000, month < 12 * 2300 {
        // Nil before what an Int64 of nanoseconds can hold.
        if let time = CalendarDay(year: month / 12, month: month % 12 + 1).time?.nanoseconds {
          if time > end { break }
          if time >= start { times.append(time) }
        }
        month += count
      }
    }
    return times
  }

  /// How `time` is named on an axis that is `span` nanoseconds long.
  func label(_ time: Timestamp, span: UInt64) -> String {
    let date = CalendarDay(time)
    switch self {
    case .months(let count):
      if count >= 12 { return "\(date.year)" }
      return date.month == 1 ? "\(date.year)" : date.monthName
    case .fixed(let length, _):
      if time.nanoseconds % Self.day == 0, length >= 60 * Self.second {
        // Over more than three weeks the same day of a month can come twice.
        let long = span > UInt64(21 * Self.day)
        return long ? "\(date.monthName) \(date.day)" : "\(date.weekdayName) \(date.day)"
      }
      let digits = length >= Self.second ? 0 : length >= 1_000_000 ? 3 : length >= 1_000 ? 6 : 9
      let clock = time.formatted(fractionDigits: digits).split(separator: "T")[1].dropLast()
      if length >= 60 * Self.second { return String(clock.prefix(5)) }
      return String(length >= Self.second ? clock : clock.dropFirst(6))
    }
  }
}

/// A day in UTC.
struct CalendarDay {
  var year: Int
  var month: Int
  var day = 1
  /// Days since Monday.
  private var weekday = 0

  /// The first day of a month.
  init(year: Int, month: Int) {
    self.year = year
    self.month = month
  }

  /// The day that `time` lies in.
  init(_ time: Timestamp) {
    let numbers = time.formatted(fractionDigits: 0).prefix(10).split(separator: "-")
      .compactMap { Int($0) }
    year = numbers[0]
    month = numbers[1]
    day = numbers[2]
    // The day 0 was a Thursday.
    weekday = ((Int(floorDays: time.nanoseconds) + 3) % 7 + 7) % 7
  }

  /// Its first moment, nil where a timestamp cannot hold it.
  var time: Timestamp? {
    let pad = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
    return Timestamp(rfc3339: "\(year)-\(pad(month))-\(pad(day))")
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  var monthName: String { Self.months[month - 1] }
  var weekdayName: String { Self.weekdays[weekday] }
}

extension Int {
  /// Whole days since the epoch, rounded down.
  init(floorDays nanoseconds: Int64) {
    let day: Int64 = 86_400_000_000_000
    self = Int(nanoseconds / day - (nanoseconds % day < 0 ? 1 : 0))
  }
}

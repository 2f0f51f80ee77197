/// What a client asks of the server, and when.
struct Operation: Sendable {
  enum Kind: Sendable {
    /// One body of line protocol.
    case write([Point])
    /// Of one series, or of all that the client has.
    case delete(series: Int?, times: ClosedRange<Int>)
    case compact
  }

  /// A point: each value is written once, so that it tells which operation brought it.
  struct Point: Sendable {
    var series: Int
    /// Seconds since 1970.
    var time: Int
    /// Hundredths.
    var value: Int
  }

  let kind: Kind
  /// `CLOCK_MONOTONIC`, ns.
  let sent: UInt64
  /// When a good answer was read; nil where none was.
  var confirmed: UInt64?
}

/// Values by series and time.
struct Contents: Equatable, Sendable {
  private(set) var series: [Int: [Int: Int]] = [:]

  /// What `kind` leaves of it.
  mutating func apply(_ kind: Operation.Kind) {
    switch kind {
    case .write(let points):
      for point in points { series[point.series, default: [:]][point.time] = point.value }
    case .delete(let concerned, let times):
      for id in concerned.map({ [$0] }) ?? Array(series.keys) {
        series[id] = series[id]?.filter { !times.contains($0.key) }
      }
      dropEmpty()
    case .compact: break
    }
  }

  /// Without the points whose time does not pass.
  func filter(_ isKept: (Int) -> Bool) -> Contents {
    var kept = Contents()
    kept.series = series.mapValues { $0.filter { isKept($0.key) } }
    kept.dropEmpty()
    return kept
  }

  private mutating func dropEmpty() { series = series.filter { !$0.value.isEmpty } }

  /// Whether a point has the value that `point` brought.
  func holds(_ point: Operation.Point) -> Bool { series[point.series]?[point.time] == point.value }

  var count: Int { series.values.reduce(0) { $0 + $1.count } }

  /// In words, what `other` has more and less.
  func difference(to other: Contents) -> String {
    var lines: [String] = []
    for id in Set(series.keys).union(other.series.keys).sorted() {
      let (mine, theirs) = (series[id] ?? [:], other.series[id] ?? [:])
      let missing = mine.filter { theirs[$0.key] == nil }
      let added = theirs.filter { mine[$0.key] == nil }
      let changed = mine.filter { theirs[$0.key] != nil && theirs[$0.key] != $0.value }
      guard !missing.isEmpty || !added.isEmpty || !changed.isEmpty else { continue }
      lines.append(
        "series \(id): \(missing.count) missing, as \(missing.min { $0.key < $1.key } as Any); "
          + "\(added.count) too many, as \(added.min { $0.key < $1.key } as Any); "
          + "\(changed.count) other values, as \(changed.min { $0.key < $1.key } as Any)")
    }
    return lines.joined(separator: "\n")
  }
}

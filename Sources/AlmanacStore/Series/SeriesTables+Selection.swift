internal import AlmanacPattern

extension SeriesTables {
  /// A matcher, as far as it is looked up.
  private struct Condition {
    let matcher: LabelMatcher
    let name: UInt32
    /// A series without the label fails: the series of `pairs` are those that pass. Otherwise they
    /// are those that fail.
    let isNarrowing: Bool
    /// nil where values have not been looked at.
    var pairs: [UInt32]?
    /// How many series `pairs` have.
    var total = 0
  }

  /// To test the key of one series costs about as much as to handle this many numbers.
  private static let testCost = 32

  /// The series that pass all `matchers`, ascending.
  func ids(passing matchers: [LabelMatcher]) -> [UInt32] {
    var narrowing: [Condition] = []
    var lessening: [Condition] = []
    for matcher in matchers {
      let acceptsAbsent = matcher.acceptsAbsent
      guard let name = matcher.name.withBytes({ labels.name($0) }) else {
        if acceptsAbsent { continue }
        return []
      }
      var condition = Condition(matcher: matcher, name: name, isNarrowing: !acceptsAbsent)
      if let pairs = listedPairs(condition) { settle(&condition, pairs) }
      if acceptsAbsent { lessening.append(condition) } else { narrowing.append(condition) }
    }
    var ids = narrowing.isEmpty ? self.ids : narrow(narrowing)
    for condition in lessening {
      if ids.isEmpty { return [] }
      lessen(&ids, condition)
    }
    return ids
  }

  /// Whether all `matchers` name one value, and at most `limit` series have one of these values.
  func areFew(_ matchers: [LabelMatcher], limit: Int) -> Bool {
    var least = Int.max
    for matcher in matchers {
      guard case .equal(let value) = matcher.condition, !value.isEmpty else { return false }
      let pair = matcher.name.withBytes { labels.name($0) }
        .flatMap { name in value.withBytes { labels.pair(name, $0) } }
      guard let pair else { return true }
      least = min(least, labels.ids(of: pair).count)
    }
    return least <= limit
  }

  /// The series that meet all `conditions`, which absent labels fail: shortest list first.
  private func narrow(_ conditions: [Condition]) -> [UInt32] {
    var settled = conditions.filter { $0.pairs != nil }
    var tested: [Condition] = []
    let open = conditions.filter { $0.pairs == nil }
      .map { (condition: $0, values: valuesToTest($0)) }
      .sorted { $0.values.count < $1.values.count }
    var least = settled.map(\.total).min()
    for (var condition, values) in open {
      if let least, least < values.count {
        tested.append(condition)
      } else {
        settle(&condition, passingPairs(condition, among: values))
        least = min(least ?? condition.total, condition.total)
        settled.append(condition)
      }
    }
    settled.sort { $0.total < $1.total }
    var ids = union(settled[0].pairs ?? [])
    for condition in settled.dropFirst() where !ids.isEmpty {
      let pairs = condition.pairs ?? []
      if pairs.count == 1 {
        ids.filter(by: labels.ids(of: pairs[0]), wanted: true)
      } else if condition.total / Self.testCost > ids.count {
        test(&ids, condition)
      } else {
        union(pairs).withUnsafeBufferPointer { ids.filter(by: $0, wanted: true) }
      }
    }
    for condition in tested where !ids.isEmpty { test(&ids, condition) }
    return ids
  }

  /// Takes the series away that fail a condition which absent labels meet.
  private func lessen(_ ids: inout [UInt32], _ condition: Condition) {
    var condition = condition
    if condition.pairs == nil {
      let values = valuesToTest(condition)
      if ids.count < values.count { return test(&ids, condition) }
      settle(&condition, passingPairs(condition, among: values))
    }
    let pairs = condition.pairs ?? []
    if pairs.count == 1 {
      ids.filter(by: labels.ids(of: pairs[0]), wanted: false)
    } else if condition.total / Self.testCost > ids.count {
      test(&ids, condition)
    } else {
      union(pairs).withUnsafeBufferPointer { ids.filter(by: $0, wanted: false) }
    }
  }

  private func settle(_ condition: inout Condition, _ pairs: [UInt32]) {
    condition.pairs = pairs
    condition.total = pairs.reduce(0) { $0 + labels.ids(of: $1).count }
  }

  /// The pairs of a condition that names its values, nil where values must be looked at.
  private func listedPairs(_ condition: Condition) -> [UInt32]? {
    let values: [String]
    let isWanted: Bool
    switch condition.matcher.condition {
    case .equal(let value): (values, isWanted) = ([value], true)
    case .notEqual(let value): (values, isWanted) = ([value], false)
    case .oneOf(let wanted): (values, isWanted) = (wanted, true)
    case .noneOf(let unwanted): (values, isWanted) = (unwanted, false)
    case .matches(let pattern):
      guard let words = pattern.words else { return nil }
      (values, isWanted) = (words, true)
    case .notMatches(let pattern):
      guard let words = pattern.words else { return nil }
      (values, isWanted) = (words, false)
    }
    guard isWanted == condition.isNarrowing else { return nil }
    let pairs = values.compactMap { value in
      value.withBytes { labels.pair(condition.name, $0) }
    }
    return pairs.count > 1 ? Array(Set(pairs)) : pairs
  }

  /// The values that may make a pair of `pairs`: where a pattern must match, those of its range.
  private func valuesToTest(_ condition: Condition) -> ArraySlice<UInt32> {
    let range: ClosedByteRange? =
      switch condition.matcher.condition {
      case .matches(let pattern) where condition.isNarrowing: pattern.range()
      case .notMatches(let pattern) where !condition.isNarrowing: pattern.range()
      default: nil
      }
    guard let range else { return labels.pairs(of: condition.name)[...] }
    let sorted = labels.sortedPairs(of: condition.name)
    let bounds = sorted.withUnsafeBufferPointer { pairs in
      range.lower.withUnsafeBytes { lower in
        range.upper.withUnsafeBytes { upper in
          let from = ValueOrder.lowerBound(pairs) { compare(labels.value(of: $0), lower) < 0 }
          let to = ValueOrder.lowerBound(pairs) { compare(labels.value(of: $0), upper) <= 0 }
          return from..<max(from, to)
        }
      }
    }
    return sorted[bounds]
  }

  private func passingPairs(
    _ condition: Condition, among values: ArraySlice<UInt32>
  ) -> [UInt32] {
    values.filter { pair in
      !labels.ids(of: pair).isEmpty
        && condition.matcher.passes(labels.value(of: pair)) == condition.isNarrowing
    }
  }

  /// Keeps the series whose key passes.
  private func test(_ ids: inout [UInt32], _ condition: Condition) {
    let isMetric = condition.name == LabelPairs.metric
    condition.matcher.name.withBytes { name in
      ids = ids.filter { id in
        guard let key = key(of: id) else { return false }
        return condition.matcher.passes(Self.value(of: name, isMetric: isMetric, in: key))
      }
    }
  }

  /// The series of different pairs of one name: no series is in two of them.
  private func union(_ pairs: [UInt32]) -> [UInt32] {
    if pairs.count == 1 { return Array(labels.ids(of: pairs[0])) }
    let total = pairs.reduce(0) { $0 + labels.ids(of: $1).count }
    if total > Int(lastID / 64) {
      var bitmap = Bitmap(upTo: lastID)
      for pair in pairs {
        for id in labels.ids(of: pair) { bitmap.insert(id) }
      }
      return bitmap.numbers
    }
    var ids: [UInt32] = []
    ids.reserveCapacity(total)
    for pair in pairs { ids.append(contentsOf: labels.ids(of: pair)) }
    ids.sort()
    return ids
  }
}

internal import AlmanacCore

extension SetOperation {
  /// The samples of both sides that stay, time by time.
  ///
  /// - Parameter isAligned: whether all samples lie on common times already.
  func apply(
    _ left: [LabelledSamples], _ right: [LabelledSamples], isAligned: Bool
  ) throws(QueryError) -> [LabelledSamples] {
    let aligned = isAligned ? left + right : try Alignment.align(left + right)
    let (left, right) = (aligned.prefix(left.count), aligned.dropFirst(left.count))
    if operation == .or {
      let times = times(of: left)
      let others = right.compactMap { filtered($0, by: times, isInside: false) }
      return try (left + others).joined().inOrderOfKey()
    }
    let times = times(of: right)
    return left.compactMap { filtered($0, by: times, isInside: operation == .and) }
  }

  /// When any of the series with the same compared labels has a sample.
  private func times(of series: ArraySlice<LabelledSamples>) -> [Labels: [Int64]] {
    var times: [Labels: [Int64]] = [:]
    times.reserveCapacity(series.count)
    for one in series {
      let own = one.samples.timestamps
      let signature = matching.signature(one.key)
      guard let known = times[signature] else {
        times[signature] = own
        continue
      }
      if known != own { times[signature] = Self.union(known, own) }
    }
    return times
  }

  /// The samples at times that are among those of the series' partners, or are not.
  private func filtered(
    _ one: LabelledSamples, by times: [Labels: [Int64]], isInside: Bool
  ) -> LabelledSamples? {
    guard let times = times[matching.signature(one.key)] else { return isInside ? nil : one }
    let own = one.samples.timestamps
    if own == times { return isInside ? one : nil }
    let values = one.samples.values
    var kept = Samples(capacity: own.count)
    var position = 0
    for (index, time) in own.enumerated() {
      while position < times.count, times[position] < time { position += 1 }
      let isThere = position < times.count && times[position] == time
      if isThere == isInside { _ = kept.append(time: time, value: values[index]) }
    }
    return kept.isEmpty ? nil : one.with(kept)
  }

  /// The times of either, in order.
  private static func union(_ a: [Int64], _ b: [Int64]) -> [Int64] {
    var all: [Int64] = []
    all.reserveCapacity(max(a.count, b.count))
    var i = 0
    var j = 0
    while i < a.count || j < b.count {
      if j == b.count || (i < a.count && a[i] <= b[j]) {
        if j < b.count, a[i] == b[j] { j += 1 }
        all.append(a[i])
        i += 1
      } else {
        all.append(b[j])
        j += 1
      }
    }
    return all
  }
}

internal import AlmanacCore

/// The order of series at one moment.
struct SeriesSorting: Sendable {
  /// The labels to sort by; none sorts by value, NaN last.
  var labels: [String]
  var isDescending: Bool

  func apply(_ series: [LabelledSamples]) -> [LabelledSamples] {
    if labels.isEmpty {
      // Swift's sort is stable: equal values stay in order of key.
      return series.sorted { a, b in
        guard let x = a.samples.values.last, let y = b.samples.values.last else { return false }
        if x.isNaN || y.isNaN { return !x.isNaN }
        return isDescending ? x > y : x < y
      }
    }
    let texts = series.map { one in labels.map { Array(one.key.value(of: $0).utf8) } }
    let order = series.indices.sorted { a, b in
      for (x, y) in zip(texts[a], texts[b]) where x != y {
        let order = Self.order(x, y)
        if order != 0 { return isDescending ? order > 0 : order < 0 }
      }
      return isDescending ? series[b].key < series[a].key : series[a].key < series[b].key
    }
    return order.map { series[$0] }
  }

  /// Natural order: runs of digits count as numbers, the rest byte by byte. Negative where `a`
  /// comes first.
  static func order(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var (x, y) = (a[...], b[...])
    while let i = x.first, let j = y.first {
      guard i.isDigit, j.isDigit else {
        if i != j { return i < j ? -1 : 1 }
        x.removeFirst()
        y.removeFirst()
        continue
      }
      let (left, right) = (x.prefix { $0.isDigit }, y.prefix { $0.isDigit })
      x.removeFirst(left.count)
      y.removeFirst(right.count)
      let (m, n) = (left.drop { $0 == UInt8(ascii: "0") }, right.drop { $0 == UInt8(ascii: "0") })
      if m.count != n.count { return m.count < n.count ? -1 : 1 }
      if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) ? -1 : 1 }
    }
    return x.count - y.count
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
}

internal import AlmanacCore

extension ValueCount {
  /// For each value a series that counts it.
  ///
  /// - Parameter times: the times that all samples lie on, where they are known.
  func apply(
    _ series: [LabelledSamples], at times: [Int64]?
  ) throws(QueryError) -> [LabelledSamples] {
    let aligned = times == nil ? try Alignment.align(series) : series
    // The label is set last, whatever it was before.
    var grouping = grouping
    if grouping.isWithout { grouping.labels.insert(label) } else { grouping.labels.remove(label) }
    var results: [LabelledSamples] = []
    for group in grouping.groups(of: aligned) {
      let columns = SampleColumns(group.members.map { aligned[$0].samples }, at: times)
      var counts: [UInt64: Samples] = [:]
      for (index, time) in columns.times.enumerated() {
        var here: [UInt64: Int] = [:]
        for value in columns[index] {
          here[(value.isNaN ? .nan : value).bitPattern, default: 0] += 1
        }
        for (bits, count) in here {
          _ = counts[bits, default: Samples()].append(time: time, value: Double(count))
        }
      }
      for (bits, samples) in counts {
        let text = Double(bitPattern: bits).decimalText
        var one = LabelledSamples(key: group.key.setting(label, to: text), samples: samples)
        one.dropsMetric = group.dropsMetric && label != SeriesKey.metricLabel
        results.append(one)
      }
    }
    return try results.inOrderOfKey().joined()
  }
}

extension Double {
  /// The shortest decimal that reads back to the same bits, without an exponent.
  var decimalText: String {
    let text = shortestText
    guard let mark = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: mark)...])
    else { return text }
    let sign = text.hasPrefix("-") ? "-" : ""
    let parts = text[..<mark].drop { $0 == "-" }.split(separator: ".")
    let whole = parts.first.map(String.init) ?? "0"
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    if fraction == "0" { fraction = "" }
    let digits = whole + fraction
    let point = whole.count + exponent
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count {
      return sign + digits + String(repeating: "0", count: point - digits.count)
    }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }
}

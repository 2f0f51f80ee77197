internal import AlmanacPattern

extension SeriesTables {
  /// The names that series which pass all `matchers` have, in order of bytes.
  func names(passing matchers: [LabelMatcher]) -> [String] {
    guard matchers.isEmpty else { return names(of: ids(passing: matchers)) }
    return text(ofNames: (1...labels.nameCount).filter { labels.valueCount(of: $0) > 0 })
  }

  /// The names that the series `ids`, ascending, have, in order of bytes.
  func names(of ids: [UInt32]) -> [String] {
    var seen = Bitmap(upTo: labels.nameCount)
    // Series of one shape follow each other: a name that stands where it stood is not looked up.
    var last: [UnsafeRawBufferPointer] = []
    for id in ids {
      guard let key = key(of: id) else { continue }
      var parts = KeyLabels(key)
      var position = 0
      while let label = parts.next() {
        if label.isMetric {
          if !label.value.isEmpty { seen.insert(LabelPairs.metric) }
          continue
        }
        defer { position += 1 }
        if position < last.count, isSame(last[position], label.name) { continue }
        if label.value.isEmpty { continue }
        if let name = labels.name(label.name), name != LabelPairs.metric { seen.insert(name) }
        if position < last.count {
          last[position] = label.name
        } else if position == last.count {
          last.append(label.name)
        }
      }
    }
    return text(ofNames: seen.numbers)
  }

  private func text(ofNames names: [UInt32]) -> [String] {
    names.map { labels.text(ofName: $0) }
      .sorted { $0.lexicographicallyPrecedes($1) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// The values of the label `name` that series which pass all `matchers` have, in order of bytes.
  func values(of name: String, passing matchers: [LabelMatcher]) -> [String] {
    guard let name = name.withBytes({ labels.name($0) }) else { return [] }
    guard !matchers.isEmpty else {
      return text(labels.sortedPairs(of: name).filter { !labels.ids(of: $0).isEmpty })
    }
    return values(of: name, among: ids(passing: matchers))
  }

  /// The values of the label `name` that the series `ids`, ascending, have, in order of bytes.
  func values(of name: String, among ids: [UInt32]) -> [String] {
    guard let name = name.withBytes({ labels.name($0) }) else { return [] }
    return values(of: name, among: ids)
  }

  private func values(of name: UInt32, among ids: [UInt32]) -> [String] {
    if ids.isEmpty { return [] }
    if ids.count / 8 > labels.valueCount(of: name) {
      return ids.withUnsafeBufferPointer { ids in
        text(labels.sortedPairs(of: name).filter { labels.ids(of: $0).intersects(ids) })
      }
    }
    var seen = Bitmap(upTo: labels.lastPair)
    let isMetric = name == LabelPairs.metric
    labels.text(ofName: name).withUnsafeBytes { text in
      for id in ids {
        guard let key = key(of: id) else { continue }
        let value = Self.value(of: text, isMetric: isMetric, in: key)
        if let pair = labels.pair(name, value) { seen.insert(pair) }
      }
    }
    return text(ValueOrder.sort(seen.numbers) { labels.value(of: $0) })
  }

  private func text(_ pairs: [UInt32]) -> [String] {
    pairs.map { String(decoding: labels.value(of: $0), as: UTF8.self) }
  }
}

internal import AlmanacCodec
internal import AlmanacCore

/// Which series have which label, as keys `name 0 value 0 id` in one table.
///
/// The metric is indexed as the label `__name__`. Values come in order of their bytes, so distinct
/// values are found by skipping, and the numbers of one value come in ascending order.
struct LabelIndex {
  let table: Environment.Table

  /// Adds series `id`.
  func add(
    _ key: SeriesKey, id: SeriesID, in transaction: borrowing WriteTransaction
  ) throws(StoreError) {
    try add(LabelMatcher.metricLabel, key.metric, id, in: transaction)
    for label in key.labels.all { try add(label.name, label.value, id, in: transaction) }
  }

  private func add(
    _ name: String, _ value: String, _ id: SeriesID, in transaction: borrowing WriteTransaction
  ) throws(StoreError) {
    // The value itself stands behind the key where the key holds only its beginning.
    let isShortened = value.utf8.count > Keys.maximumIndexedValue
    try transaction.put(
      Keys.label(name: name, value: value, id: id), isShortened ? Array(value.utf8) : [],
      in: table)
  }

  /// Series that pass all `matchers`, in ascending order; `all` are the numbers of every series.
  func series(
    passing matchers: [LabelMatcher], of all: ClosedRange<UInt64>?,
    in transaction: borrowing ReadTransaction
  ) throws(StoreError) -> [SeriesID] {
    guard let all else { return [] }
    // Conditions that an absent label fails narrow the set; the others only take away from it.
    var found: Set<SeriesID>?
    for matcher in matchers where matcher.equals != nil || !matcher.matches("") {
      let passing = try ids(of: matcher, passing: true, in: transaction)
      found = found.map { $0.intersection(passing) } ?? passing
      if found?.isEmpty == true { return [] }
    }
    var result = found ?? Set(all.map(SeriesID.init(rawValue:)))
    for matcher in matchers where matcher.equals == nil && matcher.matches("") {
      result.subtract(try ids(of: matcher, passing: false, in: transaction))
    }
    return result.sorted()
  }

  /// Series that have the label of `matcher` with a value that passes (or fails) it.
  private func ids(
    of matcher: LabelMatcher, passing: Bool, in transaction: borrowing ReadTransaction
  ) throws(StoreError) -> Set<SeriesID> {
    var ids: Set<SeriesID> = []
    if let value = matcher.equals {
      try append(matcher.name, value, to: &ids, in: transaction)
      return ids
    }
    for value in try values(of: matcher.name, in: transaction)
    where matcher.matches(value) == passing {
      try append(matcher.name, value, to: &ids, in: transaction)
    }
    return ids
  }

  private func append(
    _ name: String, _ value: String, to ids: inout Set<SeriesID>,
    in transaction: borrowing ReadTransaction
  ) throws(StoreError) {
    let prefix = Keys.labelPrefix(name: name, value: value)
    try transaction.scan(table, from: prefix) { key, _ in
      guard key.starts(with: prefix) else { return false }
      // A value with a zero byte, which no series has, may look like another one's number.
      guard key.count == prefix.count + 8 else { return true }
      ids.insert(SeriesID(rawValue: key.bigEndian(at: prefix.count, as: UInt64.self)))
      return true
    }
  }

  /// The distinct values of the label `name` in order of their bytes.
  func values(
    of name: String, in transaction: borrowing ReadTransaction
  ) throws(StoreError) -> [String] {
    let prefix = Keys.labelPrefix(name: name)
    return try transaction.withCursor(table) { cursor throws(StoreError) in
      var values: [String] = []
      var entry = try cursor.seek(prefix)
      while let (key, data) = entry, key.starts(with: prefix) {
        let indexed = key[prefix.count..<key.count - 9]
        let value = data.isEmpty ? Array(indexed) : Array(data)
        values.append(String(decoding: value, as: UTF8.self))
        // The next value: past every id of this one.
        entry = try cursor.seek(prefix + indexed + [1])
      }
      return values
    }
  }

  /// The distinct names of labels, `__name__` included, in order of their bytes. Names over 120
  /// bytes are given by their beginning.
  func names(in transaction: borrowing ReadTransaction) throws(StoreError) -> [String] {
    try transaction.withCursor(table) { cursor throws(StoreError) in
      var names: [String] = []
      var entry = try cursor.seek([])
      while let (key, _) = entry {
        let name = Array(key.prefix { $0 != 0 })
        names.append(String(decoding: name, as: UTF8.self))
        entry = try cursor.seek(name + [1])
      }
      return names
    }
  }
}

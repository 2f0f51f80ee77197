public import AlmanacCore

/// One unchanging view of the store's series and chunks, with every acknowledged sample. Valid
/// only inside the closure that it is given to.
public struct Snapshot: ~Copyable {
  let store: Store
  let transaction: ReadTransaction

  init(store: Store, transaction: consuming ReadTransaction) {
    self.store = store
    self.transaction = transaction
  }

  /// The series that pass all `matchers`, in order of their numbers.
  public func series(passing matchers: [LabelMatcher]) throws(StoreError) -> [SeriesID] {
    let count = UInt64(try transaction.count(of: store.tables.series))
    return try store.tables.labelIndex.series(
      passing: matchers, of: count == 0 ? nil : 1...count, in: transaction)
  }

  /// Metric and labels of a series.
  public func key(of id: SeriesID) throws(StoreError) -> SeriesKey {
    guard let bytes = try transaction.value(Keys.series(id), in: store.tables.series) else {
      throw StoreError(.damaged, "cannot read series \(id.rawValue): its key is missing")
    }
    guard let key = SeriesKey(encoded: bytes) else {
      throw StoreError(.damaged, "cannot read series \(id.rawValue): its key is malformed")
    }
    return key
  }

  /// The samples of a series inside `range`.
  public func samples(of id: SeriesID, in range: TimeRange) throws(StoreError) -> Samples {
    let newer = store.headSamples(of: id).inside(range)
    return try store.tables.chunks.samples(of: id, in: range, transaction).merging(newer)
  }

  /// The newest sample of a series inside `range`.
  public func lastSample(
    of id: SeriesID, in range: TimeRange
  ) throws(StoreError) -> (time: Int64, value: Double)? {
    let newer = store.headSamples(of: id).inside(range)
    let older = try store.tables.chunks.lastSample(of: id, in: range, transaction)
    guard let time = newer.timestamps.last, let value = newer.values.last else { return older }
    if let older, older.time > time { return older }
    return (time, value)
  }

  /// The distinct values of the label `name`; `__name__` gives the metrics.
  public func values(ofLabel name: String) throws(StoreError) -> [String] {
    try store.tables.labelIndex.values(of: name, in: transaction)
  }

  /// The distinct names of labels, `__name__` included.
  public func labelNames() throws(StoreError) -> [String] {
    try store.tables.labelIndex.names(in: transaction)
  }

  /// The model kept under `key`, as it was put.
  public func model(_ key: String) throws(StoreError) -> [UInt8]? {
    try transaction.value(Array(key.utf8), in: store.tables.models).map { Array($0) }
  }

  /// Every model with its key, in order of key.
  public func models() throws(StoreError) -> [(key: String, bytes: [UInt8])] {
    var all: [(key: String, bytes: [UInt8])] = []
    try transaction.scan(store.tables.models, from: []) { key, bytes throws(StoreError) in
      all.append((String(decoding: key, as: UTF8.self), Array(bytes)))
      return true
    }
    return all
  }
}

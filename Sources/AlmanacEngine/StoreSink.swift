internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacStore

/// Writes forecasts into the store.
struct StoreSink: SeriesSink {
  let store: Store
  let metrics: EngineMetrics

  func write(_ series: [LabelledSamples]) async throws {
    var (keyBytes, keyEnds): ([UInt8], [Int]) = ([], [])
    var places: [Int32] = []
    for (index, one) in series.enumerated() {
      keyBytes += one.key.encoded
      keyEnds.append(keyBytes.count)
      places += repeatElement(Int32(index), count: one.samples.count)
    }
    let points = Points(
      keyBytes: keyBytes, keyEnds: keyEnds, series: places,
      timestamps: series.flatMap(\.samples.timestamps), values: series.flatMap(\.samples.values))
    let outcome = try await store.write(points)
    metrics.addWrite(of: points.count, refused: outcome.refusedPoints)
  }
}

extension Database {
  /// Where queries write; nil where the database is open for reading only.
  var sink: (any SeriesSink)? {
    store.isReadOnly ? nil : StoreSink(store: store, metrics: metrics)
  }
}

internal import AlmanacCore
internal import AlmanacQuery
internal import AlmanacStore

/// Writes forecasts into the store.
struct StoreSink: SeriesSink {
  let store: Store
  let metrics: EngineMetrics

  func write(_ series: [LabelledSamples]) async throws {
    var points = Points(keyBytes: [], keyEnds: [], series: [], timestamps: [], values: [])
    var ids: [UInt32] = []
    for (index, one) in series.enumerated() {
      points.keyBytes += one.key.encoded
      points.keyEnds.append(points.keyBytes.count)
      ids.append(0)
      points.series += repeatElement(Int32(index), count: one.samples.count)
      points.timestamps += one.samples.timestamps
      points.values += one.samples.values
    }
    points.ids = ids
    let outcome = try await store.write(points)
    metrics.add(.pointsRefused, Double(outcome.refusedPoints))
    metrics.add(.samplesWritten, Double(points.count - outcome.refusedPoints))
  }
}

extension Database {
  /// Where queries write; nil where the database is open for reading only.
  var sink: (any SeriesSink)? {
    store.isReadOnly ? nil : StoreSink(store: store, metrics: metrics)
  }
}

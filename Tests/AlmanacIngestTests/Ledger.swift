import AlmanacIngest
import Testing

/// Gives numbers to series as a store does.
struct Ledger {
  private var ids: [[UInt8]: UInt32] = [:]
  private var keys: [[UInt8]] = []

  /// The number of each series of `batch`, in order.
  mutating func ids(of batch: Batch) -> [UInt32] {
    (0..<batch.seriesCount).map { index in
      let key = Array(batch.key(index))
      if batch.ids[index] != 0 {
        #expect(key.isEmpty)
        return batch.ids[index]
      }
      if let id = ids[key] { return id }
      keys.append(key)
      ids[key] = UInt32(keys.count)
      return UInt32(keys.count)
    }
  }

  /// All points of `batch` in order of lines, with the keys that numbers stand for.
  func points(of batch: Batch) -> [Point] {
    batch.series.indices.map { index in
      let series = Int(batch.series[index])
      let id = Int(batch.ids[series])
      return Point(
        key: id == 0 ? Array(batch.key(series)) : keys[id - 1], time: batch.timestamps[index],
        value: batch.values[index])
    }
  }
}

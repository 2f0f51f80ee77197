internal import AlmanacCodec
public import AlmanacCore

extension SeriesReader {
  /// Samples that are decoded in next to no time: about 0.1 ms.
  private static let quickSamples = 16_384

  /// Whether reading all of `ids` takes next to no time: they have few samples in the range, and
  /// none that needs a disk. It suits threads that must not wait.
  public mutating func isQuick(_ ids: [SeriesID]) -> Bool {
    guard snapshot.deletions.isEmpty else { return false }
    var left = Self.quickSamples
    for id in ids {
      let series = UInt32(truncatingIfNeeded: id.rawValue)
      for segment in snapshot.segments {
        left -= segment.segment.count(of: id, upTo: left + 1)
        if left < 0 { return false }
      }
      for cursor in cursors {
        guard cursor.isInMemory(series, in: range) else { return false }
        do throws(StoreError) {
          try cursor.chunks(of: series, in: range) { chunk, block throws(StoreError) in
            let header = try ChunkReader.header(chunk, of: cursor.part, block, series)
            if header.range.overlaps(range) { left -= header.count }
          }
        } catch {
          // Who reads it tells.
          return false
        }
        if left < 0 { return false }
      }
    }
    return true
  }
}

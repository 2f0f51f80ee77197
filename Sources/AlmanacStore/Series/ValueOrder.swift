internal import AlmanacCore
internal import Synchronization

/// The values of one label in order of their bytes, sorted when somebody asks: what came since is
/// sorted alone and merged in.
final class ValueOrder: Sendable {
  /// Numbers of pairs by their values.
  private let sorted = Mutex<[UInt32]>([])

  var memoryBytes: Int { sorted.withLock { $0.capacity * MemoryLayout<UInt32>.stride } }

  /// Begins anew, as some pairs are no more.
  func reset() {
    sorted.withLock { $0 = [] }
  }

  /// All `pairs` by their values, which `text` gives; only ever more of them until `reset`.
  func sorted(
    _ pairs: [UInt32], _ text: (UInt32) -> UnsafeRawBufferPointer
  ) -> [UInt32] {
    sorted.withLock { sorted in
      if sorted.count < pairs.count {
        let new = Self.sort(pairs[sorted.count...], text)
        Self.merge(new, into: &sorted, text)
      }
      return sorted
    }
  }

  /// `pairs` by the bytes of their values.
  static func sort(
    _ pairs: some Collection<UInt32>, _ text: (UInt32) -> UnsafeRawBufferPointer
  ) -> [UInt32] {
    var items = pairs.map { Item(word: 0, pair: $0) }
    items.withUnsafeMutableBufferPointer { sort($0, depth: 0, text) }
    return items.map(\.pair)
  }

  /// The pair with eight bytes of its value as a number, to compare without looking it up.
  private struct Item {
    var word: UInt64
    var pair: UInt32
  }

  /// Values that are the same for this long are compared as wholes.
  private static let deepest = 64

  private static func sort(
    _ all: UnsafeMutableBufferPointer<Item>, depth: Int,
    _ text: (UInt32) -> UnsafeRawBufferPointer
  ) {
    var items = all
    guard depth < deepest else {
      return items.sort { compare(text($0.pair), text($1.pair)) < 0 }
    }
    for index in items.indices {
      items[index].word = word(text(items[index].pair), at: depth)
    }
    items.sort { $0.word < $1.word }
    var start = 0
    while start < items.count {
      var end = start + 1
      while end < items.count, items[end].word == items[start].word { end += 1 }
      if end - start > 1 {
        sort(UnsafeMutableBufferPointer(rebasing: items[start..<end]), depth: depth + 8, text)
      }
      start = end
    }
  }

  /// Eight bytes from `depth` on, zeros behind the end: no value holds a zero.
  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, at depth: Int) -> UInt64 {
    if depth + 8 <= bytes.count {
      return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: depth, as: UInt64.self))
    }
    guard depth < bytes.count else { return 0 }
    var word: UInt64 = 0
    for index in depth..<bytes.count { word = word &<< 8 | UInt64(bytes[index]) }
    return word &<< UInt64(8 * (depth + 8 - bytes.count))
  }

  private static func merge(
    _ new: [UInt32], into sorted: inout [UInt32], _ text: (UInt32) -> UnsafeRawBufferPointer
  ) {
    guard !sorted.isEmpty else {
      sorted = new
      return
    }
    var end = sorted.count
    sorted.append(contentsOf: new)
    sorted.withUnsafeMutableBufferPointer { all in
      // From the back, so that every block moves once.
      for (rank, pair) in new.enumerated().reversed() {
        let position = lowerBound(UnsafeBufferPointer(rebasing: all[..<end])) {
          compare(text($0), text(pair)) < 0
        }
        for index in stride(from: end - 1, through: position, by: -1) {
          all[index + rank + 1] = all[index]
        }
        all[position + rank] = pair
        end = position
      }
    }
  }

  /// The first index whose pair does not come before.
  static func lowerBound(
    _ pairs: UnsafeBufferPointer<UInt32>, _ isBefore: (UInt32) -> Bool
  ) -> Int {
    pairs.indices.partitionPoint { !isBefore(pairs[$0]) }
  }
}

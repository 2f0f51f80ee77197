/// The order of series keys, found without comparing strings.
///
/// The keys' encoded bytes are in the same order as the keys. Most of them begin alike, so the
/// next sixteen bytes after the common beginning tell nearly all of them apart as two numbers.
public struct SeriesOrder {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []
  /// How many bytes all keys have in common at their beginning.
  private var common = 0

  /// Reads `keys`.
  public init(_ keys: [SeriesKey]) {
    for key in keys {
      key.encode(into: &bytes)
      ends.append(bytes.count)
    }
    common = ends.first ?? 0
    for index in ends.indices {
      let own = bounds(index)
      var same = 0
      while same < min(common, own.count), bytes[same] == bytes[own.lowerBound + same] {
        same += 1
      }
      common = same
    }
  }

  /// The positions of the keys in their order; of equal keys the first comes first.
  public var positions: [Int] {
    let entries = ends.indices.map { index in
      (high: word(of: index, 0), low: word(of: index, 8), position: index)
    }
    return entries.sorted { a, b in
      if a.high != b.high { return a.high < b.high }
      return a.low != b.low ? a.low < b.low : precedes(a.position, b.position)
    }.map(\.position)
  }

  private func bounds(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  /// The eight bytes at `offset` after the common beginning, zero where the key has ended.
  private func word(of index: Int, _ offset: Int) -> UInt64 {
    let own = bounds(index)
    let start = own.lowerBound + common + offset
    var word: UInt64 = 0
    for position in start..<start + 8 {
      word = word << 8 | (position < own.upperBound ? UInt64(bytes[position]) : 0)
    }
    return word
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    let (left, right) = (bounds(a), bounds(b))
    let shorter = min(left.count, right.count)
    var offset = common
    while offset < shorter {
      let (x, y) = (bytes[left.lowerBound + offset], bytes[right.lowerBound + offset])
      if x != y { return x < y }
      offset += 1
    }
    return left.count != right.count ? left.count < right.count : a < b
  }
}

extension Array {
  /// The elements in order of `key`; of equal keys the first comes first.
  public func inOrder(of key: (Element) -> SeriesKey) -> [Element] {
    if zip(self, dropFirst()).allSatisfy({ key($0) <= key($1) }) { return self }
    return SeriesOrder(map(key)).positions.map { self[$0] }
  }
}

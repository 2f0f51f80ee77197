/// Ascending lists of numbers, compared by galloping: doubling steps, then halving (Bentley and
/// Yao, 1976), so a short list costs a long one only logarithms.
extension UnsafeBufferPointer<UInt32> {
  /// The first index from `start` on whose number is `id` or more.
  @inline(__always)
  func firstIndex(notBelow id: UInt32, from start: Int) -> Int {
    var step = 1
    var low = start
    while low &+ step <= count, self[low &+ step &- 1] < id {
      low &+= step
      step &*= 2
    }
    var high = Swift.min(low &+ step, count)
    while low < high {
      let middle = (low &+ high) / 2
      if self[middle] < id { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// Whether the two lists have a number in common.
  func intersects(_ other: UnsafeBufferPointer<UInt32>) -> Bool {
    if count > other.count { return other.intersects(self) }
    var position = 0
    for id in self {
      position = other.firstIndex(notBelow: id, from: position)
      if position == other.count { return false }
      if other[position] == id { return true }
    }
    return false
  }
}

extension [UInt32] {
  /// Keeps the numbers that are in `other`, or, if not `wanted`, those that are not.
  mutating func filter(by other: UnsafeBufferPointer<UInt32>, wanted: Bool) {
    // The shorter list leads: what it skips over in the longer one is moved as a whole.
    if !wanted, other.count < count / 8 { return remove(other) }
    if wanted, other.count < count {
      self = withUnsafeBufferPointer { own in
        var position = 0
        return other.filter { id in
          position = own.firstIndex(notBelow: id, from: position)
          return position < own.count && own[position] == id
        }
      }
      return
    }
    var position = 0
    var kept = 0
    withUnsafeMutableBufferPointer { ids in
      for id in ids {
        position = other.firstIndex(notBelow: id, from: position)
        if (position < other.count && other[position] == id) == wanted {
          ids[kept] = id
          kept &+= 1
        }
      }
    }
    removeLast(count - kept)
  }

  private mutating func remove(_ few: UnsafeBufferPointer<UInt32>) {
    guard !few.isEmpty else { return }
    var rest: [UInt32] = []
    rest.reserveCapacity(count)
    withUnsafeBufferPointer { ids in
      var from = 0
      for id in few {
        let position = ids.firstIndex(notBelow: id, from: from)
        rest.append(contentsOf: ids[from..<position])
        from = position < ids.count && ids[position] == id ? position + 1 : position
      }
      rest.append(contentsOf: ids[from...])
    }
    self = rest
  }
}

/// A set of small numbers, a bit for each.
struct Bitmap {
  private var words: [UInt64]

  /// Room for the numbers up to `highest`.
  init(upTo highest: UInt32) {
    words = Array(repeating: 0, count: Int(highest / 64) + 1)
  }

  /// Adds a number; true where it is new.
  @discardableResult @inline(__always)
  mutating func insert(_ number: UInt32) -> Bool {
    let bit = UInt64(1) &<< UInt64(number & 63)
    let word = words[Int(number &>> 6)]
    words[Int(number &>> 6)] = word | bit
    return word & bit == 0
  }

  /// Whether it has a number, which may be above the highest.
  @inline(__always)
  func contains(_ number: UInt32) -> Bool {
    let word = Int(number &>> 6)
    return word < words.count && words[word] & (UInt64(1) &<< UInt64(number & 63)) != 0
  }

  /// The numbers, ascending.
  var numbers: [UInt32] {
    var numbers: [UInt32] = []
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        numbers.append(UInt32(index * 64 + rest.trailingZeroBitCount))
        rest &= rest &- 1
      }
    }
    return numbers
  }
}

internal import Glibc

/// Reads the parts of a series' key: the metric, then names and values of labels, each ended by a
/// zero byte.
struct KeyLabels {
  /// One label where it stands in the key.
  struct Label {
    /// Empty for the metric.
    let name: UnsafeRawBufferPointer
    let value: UnsafeRawBufferPointer
    let isMetric: Bool

    /// Name and value with their zero bytes, as they stand in the key.
    var whole: UnsafeRawBufferPointer {
      guard let start = isMetric ? value.baseAddress : name.baseAddress else { return value }
      return UnsafeRawBufferPointer(
        start: start, count: isMetric ? value.count + 1 : name.count + value.count + 2)
    }
  }

  private var p: UnsafeRawPointer?
  private var rest: Int
  private var isAtMetric = true

  /// Reads `key`, which must stay where it is meanwhile.
  init(_ key: UnsafeRawBufferPointer) {
    p = key.baseAddress
    rest = key.count
  }

  /// The metric first, then each label; nil at the end.
  @inline(__always)
  mutating func next() -> Label? {
    if isAtMetric {
      isAtMetric = false
      guard let metric = part() else { return nil }
      return Label(name: .init(start: metric.baseAddress, count: 0), value: metric, isMetric: true)
    }
    guard let name = part(), let value = part() else { return nil }
    return Label(name: name, value: value, isMetric: false)
  }

  /// Skips the next label if it is, byte for byte, `whole`.
  @inline(__always)
  mutating func skip(_ whole: UnsafeRawBufferPointer) -> Bool {
    guard let start = p, rest >= whole.count, let other = whole.baseAddress,
      memcmp(start, other, whole.count) == 0
    else { return false }
    p = start + whole.count
    rest &-= whole.count
    isAtMetric = false
    return true
  }

  @inline(__always)
  private mutating func part() -> UnsafeRawBufferPointer? {
    guard let start = p, rest > 0, let end = memchr(start, 0, rest) else { return nil }
    let count = UnsafeRawPointer(end) - start
    p = start + count + 1
    rest &-= count &+ 1
    return UnsafeRawBufferPointer(start: start, count: count)
  }
}

/// Whether two byte strings are the same.
@inline(__always)
func isSame(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count == b.count else { return false }
  guard let x = a.baseAddress, let y = b.baseAddress else { return a.isEmpty }
  return memcmp(x, y, a.count) == 0
}

/// Less than 0 where `a` comes before `b` in order of bytes, 0 where they are the same.
@inline(__always)
func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
  if let x = a.baseAddress, let y = b.baseAddress {
    let order = memcmp(x, y, min(a.count, b.count))
    if order != 0 { return Int(order) }
  }
  return a.count - b.count
}

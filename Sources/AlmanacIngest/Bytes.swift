/// A hash of bytes that are given eight at a time, the first one lowest.
struct WordHash {
  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  private let seed: UInt64
  private var state: UInt64

  @inline(__always)
  init(seed: UInt64) {
    self.seed = seed
    state = seed
  }

  @inline(__always)
  mutating func add(_ word: UInt64) { state = Self.fold(state ^ word, Self.factor) }

  /// The hash, given the fewer than eight bytes left and how many bytes there were in all.
  @inline(__always)
  func finish(_ last: UInt64, count: Int) -> UInt64 {
    let whole = Self.fold(state ^ last, Self.factor)
    return Self.fold(whole ^ UInt64(truncatingIfNeeded: count), seed | 1)
  }

  @inline(__always)
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}

/// The `WordHash` of `count` bytes.
func hash(_ start: UnsafeRawPointer, _ count: Int, _ seed: UInt64) -> UInt64 {
  var hash = WordHash(seed: seed)
  var p = start
  let end = start + count
  while end - p >= 8 {
    hash.add(p.word)
    p += 8
  }
  return hash.finish(AlmanacIngest.head(p, end - p), count: count)
}

/// The first eight of `count` bytes, the first one lowest; zeros where there are fewer.
func head(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
  if count >= 8 { return start.word }
  var word: UInt64 = 0
  for offset in stride(from: count - 1, through: 0, by: -1) {
    word = word << 8 | UInt64((start + offset).byte)
  }
  return word
}

/// Whether `count` bytes are the same at two places.
@inline(__always)
func sameBytes(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
  var offset = 0
  while offset &+ 8 <= count {
    if (a + offset).word != (b + offset).word { return false }
    offset &+= 8
  }
  // The last eight bytes overlap those before.
  if count >= 8 { return (a + (count &- 8)).word == (b + (count &- 8)).word }
  while offset < count {
    if (a + offset).byte != (b + offset).byte { return false }
    offset += 1
  }
  return true
}

extension UnsafeRawPointer {
  /// Whether a backslash stands right before this byte, which is not the first of its line.
  @inline(__always)
  var isEscaped: Bool { (self - 1).byte == UInt8(ascii: "\\") }

  /// The first eight of `count` bytes here where eight can be read, the first one lowest; zeros
  /// where there are fewer.
  @inline(__always)
  func head(_ count: Int) -> UInt64 {
    count >= 8 ? word : word & ((1 &<< UInt64(truncatingIfNeeded: 8 &* count)) &- 1)
  }

  /// Behind the equals sign where the name from `start` on stands here, or nil; `head` are its first
  /// eight bytes, whatever is behind a shorter one.
  @inline(__always)
  func behindName(
    _ start: UnsafeRawPointer, _ count: Int, head: UInt64, before end: UnsafeRawPointer
  ) -> UnsafeRawPointer? {
    let mask = count >= 8 ? UInt64.max : (1 &<< UInt64(truncatingIfNeeded: 8 &* count)) &- 1
    guard end - self >= max(count + 1, 8), (word ^ head) & mask == 0,
      (self + count).byte == UInt8(ascii: "="),
      count <= 8 || sameBytes(self + 8, start + 8, count - 8)
    else { return nil }
    return self + count + 1
  }

  /// Whether this backslash and the byte behind it stand for that byte alone.
  @inline(__always)
  fileprivate func isEscape(before end: UnsafeRawPointer) -> Bool {
    guard byte == UInt8(ascii: "\\"), self + 1 < end else { return false }
    let next = (self + 1).byte
    return next == UInt8(ascii: ",") || next == UInt8(ascii: " ") || next == UInt8(ascii: "=")
  }
}

/// How many backslashes unescaping takes away.
func escapes(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int {
  var count = 0
  var p = start
  while p < end {
    let isEscape = p.isEscape(before: end)
    count += isEscape ? 1 : 0
    p += isEscape ? 2 : 1
  }
  return count
}

/// Appends the bytes from `start` to `end`, each escaped comma, space or equals sign as itself.
func appendUnescaped(
  _ start: UnsafeRawPointer, _ end: UnsafeRawPointer, to bytes: inout [UInt8]
) {
  var from = start
  var p = start
  while p < end {
    if p.isEscape(before: end) {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: from, count: p - from))
      from = p + 1
      p += 1
    }
    p += 1
  }
  bytes.append(contentsOf: UnsafeRawBufferPointer(start: from, count: end - from))
}

/// Refuses bytes that are not UTF-8 or hold a zero byte.
func validate(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) throws(Fault) {
  var p = start
  while p < end {
    let byte = p.byte
    if byte == 0 { throw Fault(.zeroByte, at: p) }
    if byte < 0x80 {
      p += 1
      continue
    }
    let length = p.scalarLength(before: end)
    if length == 0 { throw Fault(.invalidUTF8, at: p) }
    p += length
  }
}

extension UnsafeRawPointer {
  /// The length of the UTF-8 sequence of two or more bytes here; 0 where it is none.
  fileprivate func scalarLength(before end: UnsafeRawPointer) -> Int {
    let lead = byte
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard lead >= 0xC2, lead <= 0xF4, end - self >= length else { return 0 }
    for offset in 1..<length where (self + offset).byte & 0xC0 != 0x80 { return 0 }
    // No overlong forms, no surrogates, nothing above U+10FFFF.
    let second = (self + 1).byte
    switch lead {
    case 0xE0: return second >= 0xA0 ? 3 : 0
    case 0xED: return second < 0xA0 ? 3 : 0
    case 0xF0: return second >= 0x90 ? 4 : 0
    case 0xF4: return second < 0x90 ? 4 : 0
    default: return length
    }
  }
}

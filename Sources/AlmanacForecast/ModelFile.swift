internal import AlmanacCore

/// The bytes of a model in their frame; floats as their bits.
enum ModelFile {
  static let frame = FileFrame(
    magic: Array("ALMF".utf8), version: 2, complaint: "it does not begin as one")
}

/// Appends a model's parts.
struct ModelWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<(value.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  mutating func put(_ value: Double) { put(value.bitPattern) }

  mutating func put(_ value: Int) { put(Int64(value)) }

  mutating func put(_ text: String) {
    put(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func put(_ values: [Double]) {
    put(UInt32(values.count))
    for value in values { put(value) }
  }

  mutating func put(_ values: [Float]) {
    put(UInt32(values.count))
    for value in values { put(value.bitPattern) }
  }

  mutating func put(_ value: Double?) {
    put(UInt8(value == nil ? 0 : 1))
    if let value { put(value) }
  }

  mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}

/// Reads a model's parts; every read is checked against what is left.
struct ModelReader {
  private let bytes: ArraySlice<UInt8>
  private var index: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    index = bytes.startIndex
  }

  static func damaged(_ cause: String) -> ForecastError {
    ForecastError(.damagedModel, "cannot read the model: \(cause)")
  }

  var isAtEnd: Bool { index == bytes.endIndex }

  mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(ForecastError) -> T {
    let size = T.bitWidth / 8
    try require(size, of: 1)
    var value: T = 0
    for offset in 0..<size { value |= T(truncatingIfNeeded: bytes[index + offset]) << (8 * offset) }
    index += size
    return value
  }

  mutating func number() throws(ForecastError) -> Double {
    Double(bitPattern: try integer(UInt64.self))
  }

  mutating func finite() throws(ForecastError) -> Double {
    let value = try number()
    guard value.isFinite else { throw Self.damaged("a number is not finite") }
    return value
  }

  mutating func int(in range: ClosedRange<Int>) throws(ForecastError) -> Int {
    guard let value = Int(exactly: try integer(Int64.self)), range.contains(value) else {
      throw Self.damaged("a number is out of range")
    }
    return value
  }

  mutating func flag() throws(ForecastError) -> Bool {
    switch try integer(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw Self.damaged("a flag is neither 0 nor 1")
    }
  }

  mutating func optional() throws(ForecastError) -> Double? {
    try flag() ? try finite() : nil
  }

  mutating func text() throws(ForecastError) -> String {
    let count = Int(try integer(UInt32.self))
    try require(count, of: 1)
    defer { index += count }
    return String(decoding: bytes[index..<index + count], as: UTF8.self)
  }

  mutating func word<Word: RawRepresentable<String>>(
    _ type: Word.Type
  ) throws(ForecastError) -> Word {
    let text = try text()
    guard let word = Word(rawValue: text) else { throw Self.damaged("an unknown word") }
    return word
  }

  mutating func doubles() throws(ForecastError) -> [Double] {
    let count = Int(try integer(UInt32.self))
    try require(count, of: 8)
    var result: [Double] = []
    result.reserveCapacity(count)
    for _ in 0..<count { result.append(try finite()) }
    return result
  }

  mutating func floats() throws(ForecastError) -> [Float] {
    let count = Int(try integer(UInt32.self))
    try require(count, of: 4)
    var result: [Float] = []
    result.reserveCapacity(count)
    for _ in 0..<count {
      let value = Float(bitPattern: try integer(UInt32.self))
      guard value.isFinite else { throw Self.damaged("a weight is not finite") }
      result.append(value)
    }
    return result
  }

  private func require(_ count: Int, of size: Int) throws(ForecastError) {
    guard count <= (bytes.endIndex - index) / size else { throw Self.damaged("it is cut off") }
  }
}

/// Writes one FlatBuffer, the little that Arrow's messages need of the format.
///
/// A buffer is made from its end to its beginning: what is pointed at comes before what points. An
/// `Offset` counts from the end. See "FlatBuffers internals", https://flatbuffers.dev/internals.
struct FlatBufferBuilder {
  /// The place of something that was written, in bytes from the end of the buffer.
  struct Offset {
    fileprivate let fromEnd: Int
  }

  /// A field of a table; which one it is its place in the list of fields says.
  enum Field {
    case bool(Bool)
    case uint8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case offset(Offset)
  }

  /// The bytes in reverse order.
  private var reversed: [UInt8] = []

  /// The buffer whose root is the table `root`, in a multiple of 8 bytes.
  func finished(_ root: Offset) -> [UInt8] {
    var copy = self
    copy.align(to: 8, before: 4)
    copy.pushReference(root)
    return copy.reversed.reversed()
  }

  /// Writes a string.
  mutating func string(_ text: String) -> Offset {
    let utf8 = Array(text.utf8)
    align(to: 4, before: utf8.count + 1)
    reversed.append(0)
    reversed.append(contentsOf: utf8.reversed())
    push(UInt32(utf8.count))
    return end
  }

  /// Writes a vector of tables or strings.
  mutating func vector(_ elements: [Offset]) -> Offset {
    align(to: 4, before: elements.count * 4)
    for element in elements.reversed() { pushReference(element) }
    push(UInt32(elements.count))
    return end
  }

  /// Writes a vector of structs of two 64-bit numbers.
  mutating func vector(_ elements: [(Int64, Int64)]) -> Offset {
    align(to: 8, before: elements.count * 16)
    for element in elements.reversed() {
      push(element.1)
      push(element.0)
    }
    push(UInt32(elements.count))
    return end
  }

  /// Writes a table; nil leaves a field out, which then has its default.
  mutating func table(_ fields: [Field?]) -> Offset {
    let start = reversed.count
    var places = [Int](repeating: 0, count: fields.count)
    // Large ones first, so that little is lost to alignment.
    for size in [8, 4, 2, 1] {
      for (index, field) in fields.enumerated() {
        guard let field, field.size == size else { continue }
        align(to: size)
        push(field)
        places[index] = reversed.count
      }
    }
    align(to: 4)
    push(Int32(0))
    let table = reversed.count
    // The table of places lies before the table, which says how far.
    for place in places.reversed() { push(UInt16(place == 0 ? 0 : table - place)) }
    push(UInt16(table - start))
    push(UInt16(4 + places.count * 2))
    let distance = UInt32(reversed.count - table)
    for byte in 0..<4 {
      reversed[table - 1 - byte] = UInt8(truncatingIfNeeded: distance >> (8 * UInt32(byte)))
    }
    return Offset(fromEnd: table)
  }

  // MARK: - Bytes

  private var end: Offset { Offset(fromEnd: reversed.count) }

  private mutating func push(_ field: Field) {
    switch field {
    case .bool(let value): push(UInt8(value ? 1 : 0))
    case .uint8(let value): push(value)
    case .int16(let value): push(value)
    case .int32(let value): push(value)
    case .int64(let value): push(value)
    case .offset(let value): pushReference(value)
    }
  }

  /// Little endian: the byte of the least weight is the first, so it is pushed last.
  private mutating func push(_ value: some FixedWidthInteger) {
    for byte in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      reversed.append(UInt8(truncatingIfNeeded: value >> byte))
    }
  }

  /// How far ahead of its own place `target` is.
  private mutating func pushReference(_ target: Offset) {
    align(to: 4)
    push(UInt32(reversed.count + 4 - target.fromEnd))
  }

  /// Makes the place behind the next `count` bytes a multiple of `size`.
  private mutating func align(to size: Int, before count: Int = 0) {
    while (reversed.count + count) % size != 0 { reversed.append(0) }
  }
}

extension FlatBufferBuilder.Field {
  fileprivate var size: Int {
    switch self {
    case .bool, .uint8: 1
    case .int16: 2
    case .int32, .offset: 4
    case .int64: 8
    }
  }
}

/// The messages of an Arrow IPC stream: "Arrow Columnar Format" 1.5, "Serialization and
/// Interprocess Communication", with the tables of `Schema.fbs` and `Message.fbs`, version V5.
enum ArrowMessage {
  /// What the values of a column are.
  enum ColumnType {
    /// UTF-8, each distinct text once in the dictionary of this number, and its place in the rows.
    case dictionary(Int64)
    /// UTF-8 in each row.
    case utf8
    case float64
    case int64
    /// Nanoseconds since the Unix epoch, UTC.
    case timestamp
  }

  /// The name and the type of a column.
  struct Field {
    let name: String
    let type: ColumnType
    let isNullable: Bool
  }

  /// The end of a stream.
  static let end: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]

  /// The message that comes first: which columns there are, and some texts about the whole.
  static func schema(_ fields: [Field], metadata: [(key: String, value: String)]) -> [UInt8] {
    var builder = FlatBufferBuilder()
    let columns = fields.map { field($0, &builder) }
    let pairs = metadata.map { pair in
      let (key, value) = (builder.string(pair.key), builder.string(pair.value))
      return builder.table([.offset(key), .offset(value)])
    }
    let (all, texts) = (builder.vector(columns), builder.vector(pairs))
    // endianness: little, fields, custom_metadata
    let schema = builder.table([.int16(0), .offset(all), .offset(texts)])
    return message(&builder, schema, type: 1, body: [])
  }

  /// The texts of the dictionary `id`.
  static func dictionary(_ id: Int64, _ texts: [String]) -> [UInt8] {
    var body = ArrowBody()
    body.append(texts)
    var builder = FlatBufferBuilder()
    let batch = recordBatch(body, rows: texts.count, &builder)
    let dictionary = builder.table([.int64(id), .offset(batch)])
    return message(&builder, dictionary, type: 2, body: body.bytes)
  }

  /// Some rows, whose columns `body` has in order.
  static func recordBatch(_ body: ArrowBody, rows: Int) -> [UInt8] {
    var builder = FlatBufferBuilder()
    let batch = recordBatch(body, rows: rows, &builder)
    return message(&builder, batch, type: 3, body: body.bytes)
  }

  // MARK: - Tables

  private static func field(
    _ field: Field, _ builder: inout FlatBufferBuilder
  ) -> FlatBufferBuilder.Offset {
    let name = builder.string(field.name)
    let children = builder.vector([FlatBufferBuilder.Offset]())
    var dictionary: FlatBufferBuilder.Offset?
    let (code, type): (UInt8, FlatBufferBuilder.Offset)
    switch field.type {
    case .dictionary(let id):
      let index = builder.table([.int32(32), .bool(true)])
      dictionary = builder.table([.int64(id), .offset(index)])
      (code, type) = (5, builder.table([]))
    case .utf8: (code, type) = (5, builder.table([]))
    case .int64: (code, type) = (2, builder.table([.int32(64), .bool(true)]))
    case .float64: (code, type) = (3, builder.table([.int16(2)]))
    case .timestamp:
      let zone = builder.string("UTC")
      (code, type) = (10, builder.table([.int16(3), .offset(zone)]))
    }
    // name, nullable, type, its table, dictionary, children
    return builder.table([
      .offset(name), .bool(field.isNullable), .uint8(code), .offset(type),
      dictionary.map { .offset($0) }, .offset(children),
    ])
  }

  private static func recordBatch(
    _ body: ArrowBody, rows: Int, _ builder: inout FlatBufferBuilder
  ) -> FlatBufferBuilder.Offset {
    let nodes = builder.vector(body.nodes)
    let buffers = builder.vector(body.buffers)
    return builder.table([.int64(Int64(rows)), .offset(nodes), .offset(buffers)])
  }

  /// Continuation marker, length of the metadata, metadata up to a multiple of 8 bytes, body.
  private static func message(
    _ builder: inout FlatBufferBuilder, _ header: FlatBufferBuilder.Offset, type: UInt8,
    body: [UInt8]
  ) -> [UInt8] {
    // version V5, type of the header, header, length of the body
    let root = builder.table([
      .int16(4), .uint8(type), .offset(header), .int64(Int64(body.count)),
    ])
    let metadata = builder.finished(root)
    var bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    bytes.reserveCapacity(8 + metadata.count + body.count)
    bytes.append(little: Int32(metadata.count))
    bytes += metadata
    bytes += body
    return bytes
  }
}

/// The buffers of some columns, one after the other, each up to a multiple of 8 bytes.
struct ArrowBody {
  private(set) var bytes: [UInt8] = []
  /// Of each column how many values it has, and how many of them are missing.
  private(set) var nodes: [(Int64, Int64)] = []
  /// Where each buffer begins, and its bytes without those that fill it up.
  private(set) var buffers: [(Int64, Int64)] = []

  /// Appends a column of 64-bit numbers; nil is a missing value.
  mutating func append<Number: FixedWidthInteger>(_ values: [Number?]) {
    node(values.count, isMissing: { values[$0] == nil })
    buffer { bytes in
      bytes.reserveCapacity(bytes.count + values.count * 8)
      for value in values { bytes.append(little: value ?? 0) }
    }
  }

  /// Appends a column of numbers; nil is a missing value.
  mutating func append(_ values: [Double?]) {
    node(values.count, isMissing: { values[$0] == nil })
    buffer { bytes in
      bytes.reserveCapacity(bytes.count + values.count * 8)
      for value in values { bytes.append(little: (value ?? 0).bitPattern) }
    }
  }

  /// Appends a column of texts.
  mutating func append(_ texts: [String]) {
    node(texts.count, isMissing: { _ in false })
    buffer { bytes in
      var end: Int32 = 0
      bytes.append(little: end)
      for text in texts {
        end += Int32(text.utf8.count)
        bytes.append(little: end)
      }
    }
    buffer { bytes in for text in texts { bytes += text.utf8 } }
  }

  /// Of missing values a bitmap says where they are, the lowest bit first; without any it is empty.
  private mutating func node(_ count: Int, isMissing: (Int) -> Bool) {
    let missing = (0..<count).count(where: isMissing)
    nodes.append((Int64(count), Int64(missing)))
    buffer { bytes in
      if missing == 0 { return }
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: (count + 7) / 8))
      for index in 0..<count where !isMissing(index) {
        bytes[start + index / 8] |= 1 << (index % 8)
      }
    }
  }

  private mutating func buffer(_ write: (inout [UInt8]) -> Void) {
    let start = bytes.count
    write(&bytes)
    buffers.append((Int64(start), Int64(bytes.count - start)))
    while bytes.count % 8 != 0 { bytes.append(0) }
  }
}

extension [UInt8] {
  /// Appends a number, its byte of the least weight first.
  @inline(__always)
  fileprivate mutating func append<Number: FixedWidthInteger>(little value: Number) {
    let value = value.littleEndian
    for byte in 0..<MemoryLayout<Number>.size {
      append(UInt8(truncatingIfNeeded: value >> Number(8 * byte)))
    }
  }
}

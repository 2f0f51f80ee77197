/// Reads an Arrow IPC stream as the format's document describes it, and refuses what breaks a rule
/// of it. Knows the types that the server writes.
struct ArrowReader {
  /// One column of all batches together; nil is a missing value.
  enum Column: Equatable {
    case texts([String?])
    case numbers([Double?])
    case integers([Int64?])
    case times([Int64?])
  }

  struct Failure: Error {
    let message: String
  }

  private(set) var names: [String] = []
  private(set) var nullable: [Bool] = []
  private(set) var metadata: [String] = []
  private(set) var columns: [Column] = []
  /// How many rows each batch has.
  private(set) var batches: [Int] = []
  /// The dictionary of each column; nil where it has none.
  private var dictionaryIDs: [Int64?] = []
  private var dictionaries: [Int64: [String?]] = [:]

  init(_ bytes: [UInt8]) throws {
    var position = 0
    var hasEnded = false
    while position < bytes.count {
      guard !hasEnded else { throw Failure(message: "bytes after the end") }
      guard position % 8 == 0, bytes.number(position, as: UInt32.self) == 0xFFFF_FFFF else {
        throw Failure(message: "no message at \(position)")
      }
      let size = Int(bytes.number(position + 4, as: Int32.self))
      position += 8
      guard size > 0 else {
        hasEnded = true
        continue
      }
      guard size % 8 == 0 else { throw Failure(message: "metadata of \(size) bytes") }
      let message = FlatTable(root: Array(bytes[position..<position + size]))
      position += size
      let length = Int(message.number(3, as: Int64.self) ?? 0)
      guard message.number(0, as: Int16.self) == 4, length % 8 == 0,
        let header = message.table(2)
      else { throw Failure(message: "a message of another version") }
      let body = Array(bytes[position..<position + length])
      position += length
      switch message.number(1, as: UInt8.self) {
      case 1: try readSchema(header)
      case 2:
        let data = try header.table(1).orFail("a dictionary without data")
        var reader = try BatchReader(data, body)
        dictionaries[header.number(0, as: Int64.self) ?? 0] = try reader.texts()
      case 3: try readBatch(header, body)
      default: throw Failure(message: "a message of another kind")
      }
    }
    guard hasEnded else { throw Failure(message: "no end") }
  }

  subscript(_ name: String) -> Column? { names.firstIndex(of: name).map { columns[$0] } }

  private mutating func readSchema(_ schema: FlatTable) throws {
    metadata = schema.tables(2).map { "\($0.string(0) ?? "")=\($0.string(1) ?? "")" }
    for field in schema.tables(1) {
      names.append(try field.string(0).orFail("a column without a name"))
      nullable.append(field.number(1, as: UInt8.self) == 1)
      let type = try field.table(3).orFail("a column without a type")
      let dictionary = field.table(4)
      dictionaryIDs.append(dictionary.map { $0.number(0, as: Int64.self) ?? 0 })
      switch field.number(2, as: UInt8.self) {
      case 2 where type.number(0, as: Int32.self) == 64: columns.append(.integers([]))
      case 3 where type.number(0, as: Int16.self) == 2: columns.append(.numbers([]))
      case 5: columns.append(.texts([]))
      case 10 where type.number(0, as: Int16.self) == 3 && type.string(1) == "UTC":
        columns.append(.times([]))
      default: throw Failure(message: "a column of another type")
      }
    }
  }

  private mutating func readBatch(_ batch: FlatTable, _ body: [UInt8]) throws {
    var reader = try BatchReader(batch, body)
    batches.append(reader.rows)
    for index in columns.indices {
      if let id = dictionaryIDs[index] {
        let texts = try dictionaries[id].orFail("no dictionary \(id)")
        let places = try reader.numbers(as: Int32.self)
        guard case .texts(let before) = columns[index] else { continue }
        columns[index] = .texts(before + places.map { $0.flatMap { texts[Int($0)] } })
        continue
      }
      switch columns[index] {
      case .texts(let before): columns[index] = .texts(before + (try reader.texts()))
      case .integers(let before):
        columns[index] = .integers(before + (try reader.numbers(as: Int64.self)))
      case .times(let before):
        columns[index] = .times(before + (try reader.numbers(as: Int64.self)))
      case .numbers(let before):
        let bits = try reader.numbers(as: UInt64.self)
        columns[index] = .numbers(before + bits.map { $0.map { Double(bitPattern: $0) } })
      }
    }
    guard reader.isRead else { throw Failure(message: "buffers that no column owns") }
  }
}

/// The columns of one batch, one after the other.
private struct BatchReader {
  let rows: Int
  private let body: [UInt8]
  private var nodes: ArraySlice<(Int64, Int64)>
  private var buffers: ArraySlice<(Int64, Int64)>

  init(_ batch: FlatTable, _ body: [UInt8]) throws {
    rows = Int(batch.number(0, as: Int64.self) ?? 0)
    nodes = batch.pairs(1)[...]
    buffers = batch.pairs(2)[...]
    self.body = body
  }

  var isRead: Bool { nodes.isEmpty && buffers.isEmpty }

  private mutating func buffer() throws -> [UInt8] {
    let (offset, length) = try buffers.popFirst().orFail("a buffer is missing")
    guard offset % 8 == 0, offset + length <= body.count else {
      throw ArrowReader.Failure(message: "a buffer at \(offset)")
    }
    return Array(body[Int(offset)..<Int(offset + length)])
  }

  /// Which values are there.
  private mutating func validity() throws -> [Bool] {
    let (count, missing) = try nodes.popFirst().orFail("a node is missing")
    let bitmap = try buffer()
    guard count == rows, bitmap.count == (missing == 0 ? 0 : (rows + 7) / 8) else {
      throw ArrowReader.Failure(message: "a column of \(count) rows")
    }
    let isThere = (0..<rows).map { missing == 0 || bitmap[$0 / 8] >> ($0 % 8) & 1 == 1 }
    guard isThere.count(where: { !$0 }) == Int(missing) else {
      throw ArrowReader.Failure(message: "\(missing) missing values")
    }
    return isThere
  }

  mutating func numbers<Number: FixedWidthInteger>(as: Number.Type) throws -> [Number?] {
    let isThere = try validity()
    let bytes = try buffer()
    guard bytes.count == rows * MemoryLayout<Number>.size else {
      throw ArrowReader.Failure(message: "\(bytes.count) bytes for \(rows) numbers")
    }
    return isThere.enumerated().map { index, isThere in
      isThere ? bytes.number(index * MemoryLayout<Number>.size, as: Number.self) : nil
    }
  }

  mutating func texts() throws -> [String?] {
    let isThere = try validity()
    let ends = try buffer()
    let bytes = try buffer()
    return isThere.enumerated().map { index, isThere in
      let start = Int(ends.number(index * 4, as: Int32.self))
      let end = Int(ends.number(index * 4 + 4, as: Int32.self))
      return isThere ? String(decoding: bytes[start..<end], as: UTF8.self) : nil
    }
  }
}

/// A table of a FlatBuffer.
private struct FlatTable {
  private let bytes: [UInt8]
  private let position: Int

  init(root bytes: [UInt8]) {
    self.init(bytes, Int(bytes.number(0, as: UInt32.self)))
  }

  private init(_ bytes: [UInt8], _ position: Int) {
    self.bytes = bytes
    self.position = position
  }

  private func place(_ slot: Int) -> Int? {
    let places = position - Int(bytes.number(position, as: Int32.self))
    let size = Int(bytes.number(places, as: UInt16.self))
    guard 4 + slot * 2 < size else { return nil }
    let offset = Int(bytes.number(places + 4 + slot * 2, as: UInt16.self))
    return offset == 0 ? nil : position + offset
  }

  private func target(_ place: Int) -> Int { place + Int(bytes.number(place, as: UInt32.self)) }

  func number<Number: FixedWidthInteger>(_ slot: Int, as: Number.Type) -> Number? {
    place(slot).map { place in
      precondition(place % MemoryLayout<Number>.size == 0, "a number that is not aligned")
      return bytes.number(place, as: Number.self)
    }
  }

  func table(_ slot: Int) -> FlatTable? { place(slot).map { FlatTable(bytes, target($0)) } }

  func string(_ slot: Int) -> String? {
    place(slot).map { place in
      let start = target(place)
      let count = Int(bytes.number(start, as: UInt32.self))
      return String(decoding: bytes[start + 4..<start + 4 + count], as: UTF8.self)
    }
  }

  func tables(_ slot: Int) -> [FlatTable] {
    vector(slot).map { start, count in
      (0..<count).map { FlatTable(bytes, target(start + 4 * $0)) }
    } ?? []
  }

  func pairs(_ slot: Int) -> [(Int64, Int64)] {
    vector(slot).map { start, count in
      precondition(start % 8 == 0, "structs that are not aligned")
      return (0..<count).map { index in
        (
          bytes.number(start + 16 * index, as: Int64.self),
          bytes.number(start + 16 * index + 8, as: Int64.self)
        )
      }
    } ?? []
  }

  private func vector(_ slot: Int) -> (start: Int, count: Int)? {
    place(slot).map { place in
      let start = target(place)
      return (start + 4, Int(bytes.number(start, as: UInt32.self)))
    }
  }
}

extension [UInt8] {
  fileprivate func number<Number: FixedWidthInteger>(_ place: Int, as: Number.Type) -> Number {
    (0..<MemoryLayout<Number>.size).reversed().reduce(Number(0)) { number, byte in
      (number << 8) | Number(truncatingIfNeeded: self[place + byte])
    }
  }
}

extension Optional {
  fileprivate func orFail(_ message: String) throws -> Wrapped {
    guard let self else { throw ArrowReader.Failure(message: message) }
    return self
  }
}

internal import AlmanacCodec
internal import AlmanacCore
internal import Glibc

/// What one commit adds, as the journal keeps it until it is in parts.
///
/// docs/format/journal.md is the page of this format. Little endian; v is an unsigned integer of
/// seven bits a byte, low bits first, z the same of a signed one with the sign in the lowest bit:
///
/// | bytes | what |
/// |---|---|
/// | 1 | version, 2 |
/// | 4 | number of new series |
/// | 4 | number of the first of them |
/// | 4 | number of points |
/// | 4 | bytes of the new series' keys with their lengths |
/// | 4 | bytes of the column of series |
/// | 4 | bytes of the column of times |
/// | | for each new series: v length, the key |
/// | | series of each point: z difference to the one before |
/// | | time of each point, ns: z difference to the one before |
/// | 8 n | value of each point |
/// | 4 | CRC-32C of everything before |
enum JournalRecord {
  private static let version: UInt8 = 2
  private static let headerSize = 25
  private static let longestVariable = 10

  /// Series that a commit registers: consecutive numbers from `first`.
  struct NewSeries {
    var first: UInt64 = 0
    var keyBytes: [UInt8] = []
    var keyEnds: [Int] = []

    var count: Int { keyEnds.count }

    mutating func add(_ key: ArraySlice<UInt8>, as id: SeriesID) {
      if keyEnds.isEmpty { first = id.rawValue }
      precondition(id.rawValue == first + UInt64(count), "BUG: new series are not consecutive")
      keyBytes += key
      keyEnds.append(keyBytes.count)
    }

    func each(_ body: (SeriesID, UnsafeRawBufferPointer) -> Void) {
      keyBytes.withUnsafeBytes { bytes in
        var start = 0
        for (index, end) in keyEnds.enumerated() {
          body(
            SeriesID(rawValue: first + UInt64(index)),
            UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
          start = end
        }
      }
    }
  }

  /// One write: `ids` are the numbers of the series that `points` lists.
  struct Write {
    let points: Points
    let ids: [UInt32]
  }

  static func encode(_ series: NewSeries, _ writes: [Write]) -> [UInt8] {
    let count = writes.reduce(0) { $0 + $1.points.count }
    // All that a record may take; what it does not take is never touched.
    let room =
      headerSize + series.keyBytes.count + (series.count + 2 * count) * longestVariable + count * 8
      + 4
    return [UInt8](unsafeUninitializedCapacity: room) { buffer, size in
      guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
      var writer = Writer(base)
      writer.put(version)
      writer.put(UInt32(series.count))
      writer.put(UInt32(series.first))
      writer.put(UInt32(count))
      var sizes = writer
      writer.position += 12
      var start = writer.position
      var keyStart = 0
      for end in series.keyEnds {
        writer.put(variable: UInt64(end - keyStart))
        writer.put(series.keyBytes[keyStart..<end])
        keyStart = end
      }
      sizes.put(UInt32(writer.position - start))
      start = writer.position
      var lastID: Int64 = 0
      for write in writes {
        write.ids.withUnsafeBufferPointer { ids in
          write.points.series.withUnsafeBufferPointer { indices in
            for index in indices {
              let id = Int64(ids[Int(index)])
              writer.put(zigzag: id &- lastID)
              lastID = id
            }
          }
        }
      }
      sizes.put(UInt32(writer.position - start))
      start = writer.position
      var lastTime: Int64 = 0
      for write in writes {
        write.points.timestamps.withUnsafeBufferPointer { times in
          for time in times {
            writer.put(zigzag: time &- lastTime)
            lastTime = time
          }
        }
      }
      sizes.put(UInt32(writer.position - start))
      for write in writes {
        write.points.values.withUnsafeBytes { values in writer.put(values) }
      }
      let length = writer.position - base
      writer.put(CRC32C.checksum(UnsafeRawBufferPointer(start: base, count: length)))
      size = writer.position - base
    }
  }

  /// Writes forward into memory that has room.
  private struct Writer {
    var position: UnsafeMutableRawPointer

    init(_ position: UnsafeMutableRawPointer) { self.position = position }

    @inline(__always)
    mutating func put(_ byte: UInt8) {
      position.storeBytes(of: byte, as: UInt8.self)
      position += 1
    }

    mutating func put(_ value: UInt32) {
      position.storeBytes(of: value.littleEndian, as: UInt32.self)
      position += 4
    }

    mutating func put(_ bytes: UnsafeRawBufferPointer) {
      guard let base = bytes.baseAddress else { return }
      position.copyMemory(from: base, byteCount: bytes.count)
      position += bytes.count
    }

    mutating func put(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { put($0) } }

    @inline(__always)
    mutating func put(zigzag value: Int64) {
      put(variable: value.zigzag)
    }

    @inline(__always)
    mutating func put(variable value: UInt64) {
      var rest = value
      while rest >= 0x80 {
        put(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest &>>= 7
      }
      put(UInt8(truncatingIfNeeded: rest))
    }
  }

  /// What a record holds.
  struct Contents {
    var newSeries = NewSeries()
    /// Columns of points: number of the series, time (ns), value.
    var ids: [UInt32] = []
    var timestamps: [Int64] = []
    var values: [Double] = []
  }

  static func decode(_ bytes: UnsafeRawBufferPointer) throws(StoreError) -> Contents {
    let end = bytes.count - 4
    guard end >= headerSize else { throw damaged("it is cut short") }
    guard
      bytes.littleEndian(at: end, as: UInt32.self)
        == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    else { throw damaged("its checksum is wrong") }
    guard bytes[0] == version else {
      throw StoreError(
        .unknownFormat, "journal version \(bytes[0]), this program knows \(version)")
    }
    let field = { (at: Int) in Int(bytes.littleEndian(at: at, as: UInt32.self)) }
    let count = field(9)
    let keysEnd = headerSize + field(13)
    let idsEnd = keysEnd + field(17)
    let timesEnd = idsEnd + field(21)
    guard timesEnd + count * 8 == end else { throw damaged("its lengths do not add up") }
    var contents = Contents()
    var reader = VariableReader(bytes, from: headerSize, to: keysEnd)
    contents.newSeries.first = UInt64(field(5))
    for _ in 0..<field(1) {
      let length = Int(truncatingIfNeeded: reader.next())
      guard let key = reader.take(length) else { throw damaged("a key is cut short") }
      contents.newSeries.keyBytes += key
      contents.newSeries.keyEnds.append(contents.newSeries.keyBytes.count)
    }
    contents.ids.reserveCapacity(count)
    contents.timestamps.reserveCapacity(count)
    contents.values.reserveCapacity(count)
    reader = VariableReader(bytes, from: keysEnd, to: idsEnd)
    var id: Int64 = 0
    for _ in 0..<count {
      id &+= reader.nextZigzag()
      guard let id = UInt32(exactly: id), id > 0 else { throw damaged("an impossible series") }
      contents.ids.append(id)
    }
    reader = VariableReader(bytes, from: idsEnd, to: timesEnd)
    var time: Int64 = 0
    for index in 0..<count {
      time &+= reader.nextZigzag()
      contents.timestamps.append(time)
      let bits = bytes.littleEndian(at: timesEnd + index * 8, as: UInt64.self)
      contents.values.append(Double(bitPattern: bits))
    }
    return contents
  }

  private static func damaged(_ what: String) -> StoreError {
    StoreError(.damaged, "cannot read a journal record: \(what)")
  }
}

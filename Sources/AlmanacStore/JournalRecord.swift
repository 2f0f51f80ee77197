internal import AlmanacCodec
internal import AlmanacCore

/// Points of one write request as the journal keeps them until they are in chunks.
///
/// docs/format/journal.md is the page of this format: version (1 byte), number of points (4),
/// then per point the series number and the time as differences to the point before (zigzag,
/// variable length), then all values (8 bytes each), then CRC-32C (4). Little endian.
enum JournalRecord {
  private static let version: UInt8 = 1

  static func encode(ids: [UInt64], points: Points) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(9 + points.count * 14)
    bytes.append(version)
    bytes.append(littleEndian: UInt32(points.count))
    var lastID: Int64 = 0
    var lastTime: Int64 = 0
    for index in 0..<points.count {
      let id = Int64(bitPattern: ids[Int(points.series[index])])
      appendVariable(id &- lastID, to: &bytes)
      appendVariable(points.timestamps[index] &- lastTime, to: &bytes)
      lastID = id
      lastTime = points.timestamps[index]
    }
    points.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
    bytes.append(littleEndian: CRC32C.checksum(bytes))
    return bytes
  }

  /// Calls `body` with each point in the order they were written.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ body: (SeriesID, Int64, Double) -> Void
  ) throws(StoreError) {
    guard bytes.count >= 9 else { throw StoreError(.damaged, "a journal record is cut short") }
    let end = bytes.count - 4
    guard
      bytes.littleEndian(at: end, as: UInt32.self)
        == CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    else { throw StoreError(.damaged, "the checksum of a journal record is wrong") }
    guard bytes[0] == version else {
      throw StoreError(
        .unknownFormat, "journal version \(bytes[0]), this program knows \(version)")
    }
    let count = Int(bytes.littleEndian(at: 1, as: UInt32.self))
    let values = end - count * 8
    guard values >= 5 + count * 2 else {
      throw StoreError(.damaged, "a journal record is too short for its \(count) points")
    }
    var position = 5
    var id: Int64 = 0
    var time: Int64 = 0
    for index in 0..<count {
      id = id &+ readVariable(bytes, &position, end: values)
      time = time &+ readVariable(bytes, &position, end: values)
      let bits = bytes.littleEndian(at: values + index * 8, as: UInt64.self)
      body(SeriesID(rawValue: UInt64(bitPattern: id)), time, Double(bitPattern: bits))
    }
  }

  @inline(__always)
  private static func appendVariable(_ value: Int64, to bytes: inout [UInt8]) {
    var rest = UInt64(bitPattern: (value &<< 1) ^ (value &>> 63))
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest &>>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  @inline(__always)
  private static func readVariable(
    _ bytes: UnsafeRawBufferPointer, _ position: inout Int, end: Int
  ) -> Int64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while position < end {
      let byte = bytes[position]
      position &+= 1
      value |= UInt64(byte & 0x7F) &<< shift
      shift &+= 7
      if byte < 0x80 || shift > 63 { break }
    }
    return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
  }
}

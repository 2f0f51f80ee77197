/// What a payload is put into: magic, version, length, payload, CRC-32 of all before it; integers
/// little endian.
struct FileFrame {
  /// The first bytes.
  let magic: [UInt8]
  let version: UInt16
  /// What errors say where the first bytes are others.
  let complaint: String

  /// No payload is larger: a network of 1,024 hidden units takes 25 MB.
  private static let maximumCount = 64 << 20

  /// The bytes of `payload` in its frame.
  func wrap(_ payload: [UInt8]) -> [UInt8] {
    var file = ModelWriter()
    file.append(magic)
    file.put(version)
    file.put(UInt32(payload.count))
    file.append(payload)
    file.put(Self.checksum(file.bytes[...]))
    return file.bytes
  }

  /// Reads what is in the frame of `bytes`.
  ///
  /// - Throws: `damagedModel` where it is no such frame, or a damaged one.
  func open(_ bytes: [UInt8]) throws(ForecastError) -> ModelReader {
    let head = magic.count + 2 + 4
    guard bytes.count >= head + 4, bytes.count <= Self.maximumCount, bytes.starts(with: magic)
    else { throw ModelReader.damaged(complaint) }
    var header = ModelReader(bytes[magic.count..<head])
    let version = try header.integer(UInt16.self)
    guard version == self.version else {
      throw ModelReader.damaged("version \(version) is not known here")
    }
    guard Int(try header.integer(UInt32.self)) == bytes.count - head - 4 else {
      throw ModelReader.damaged("its length is not what it says")
    }
    var tail = ModelReader(bytes[(bytes.count - 4)...])
    guard try tail.integer(UInt32.self) == Self.checksum(bytes[..<(bytes.count - 4)]) else {
      throw ModelReader.damaged("its checksum does not match")
    }
    return ModelReader(bytes[head..<(bytes.count - 4)])
  }

  /// CRC-32 as in IEEE 802.3.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8) }
    return ~crc
  }

  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }
}

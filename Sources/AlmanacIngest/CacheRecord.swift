/// Bytes in the arena of a `CacheHalf`: measurement and tags as sent with their fields, or a name.
///
/// Length (4 bytes), owner (4), number of fields (4), the bytes, and from the next multiple of eight
/// on for each field its series (4) and the record of its name (4). The owner of a prefix is the
/// record of the name of its database; a name has none, 0.
struct CacheRecord: BitwiseCopyable {
  /// A field of a prefix.
  struct Field {
    /// The number of the series.
    var id: UInt32
    /// The record of its raw name.
    var name: UInt32
  }

  let address: UnsafeRawPointer

  @inline(__always)
  var count: Int { Int(address.load(as: UInt32.self)) }

  @inline(__always)
  var fieldCount: Int { Int((address + 8).load(as: UInt32.self)) }

  /// Length and owner as one word, to compare at once.
  @inline(__always)
  var head: UInt64 { address.load(as: UInt64.self) }

  @inline(__always)
  static func head(count: Int, owner: UInt32) -> UInt64 {
    UInt64(littleEndian: UInt64(UInt32(truncatingIfNeeded: count)) | UInt64(owner) << 32)
  }

  @inline(__always)
  var bytes: UnsafeRawPointer { address + 12 }

  /// The field at `index`, in order of first appearance.
  @inline(__always)
  func field(_ index: Int) -> Field {
    (address + Self.size(count: count, fields: index)).load(as: Field.self)
  }

  @inline(__always)
  static func size(count: Int, fields: Int) -> Int { (12 + count + 7) & ~7 + fields * 8 }

  static func write(
    _ bytes: UnsafeRawBufferPointer, owner: UInt32, fields: [Field],
    to address: UnsafeMutableRawPointer
  ) {
    address.storeBytes(of: head(count: bytes.count, owner: owner), as: UInt64.self)
    address.storeBytes(of: UInt32(fields.count), toByteOffset: 8, as: UInt32.self)
    UnsafeMutableRawBufferPointer(start: address + 12, count: bytes.count).copyMemory(from: bytes)
    var place = address + size(count: bytes.count, fields: 0)
    for field in fields {
      place.storeBytes(of: field, as: Field.self)
      place += 8
    }
  }
}

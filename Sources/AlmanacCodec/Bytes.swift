extension [UInt8] {
  /// Appends `value`, least significant byte first.
  public mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends `value`, most significant byte first: keys in this form sort as their numbers do.
  public mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}

extension [UInt8] {
  /// Appends `value`, seven bits a byte, the low ones first; all bytes but the last are above 127.
  public mutating func append(varint value: UInt64) {
    var rest = value
    while rest > 127 {
      append(UInt8(truncatingIfNeeded: rest) | 128)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  /// Appends `value` with its sign in the lowest bit.
  mutating func append(signed value: Int64) {
    append(varint: value.zigzag)
  }
}

extension Int64 {
  /// 0, -1, 1, -2... as 0, 1, 2, 3...
  @inlinable public var zigzag: UInt64 { UInt64(bitPattern: (self &<< 1) ^ (self &>> 63)) }

  /// The number whose `zigzag` this is.
  @inlinable public init(zigzag: UInt64) {
    self = Int64(bitPattern: zigzag &>> 1) ^ (0 &- Int64(bitPattern: zigzag & 1))
  }

  /// Bytes that `append(signed:)` takes.
  var signedSize: Int { Swift.max(1, (70 &- zigzag.leadingZeroBitCount) / 7) }
}

extension UnsafeRawBufferPointer {
  /// The integer whose least significant byte is at `offset`.
  ///
  /// - Precondition: all its bytes are inside.
  public func littleEndian<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type
  ) -> T {
    T(littleEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  /// The integer whose most significant byte is at `offset`.
  ///
  /// - Precondition: all its bytes are inside.
  public func bigEndian<T: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: T.Type
  ) -> T {
    T(bigEndian: loadUnaligned(fromByteOffset: offset, as: T.self))
  }
}

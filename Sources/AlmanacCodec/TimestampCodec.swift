/// Delta-of-delta coding of ascending times.
///
/// Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database", PVLDB 8 (2015),
/// section 4.1.1, with wider last buckets because our times are nanoseconds. Times are first
/// divided by the coarsest unit (s, ms, us, ns) that divides them all.
enum TimestampCodec {
  /// Prefix bits and payload bits of each bucket after the first, which is a lone zero bit.
  private static let buckets: [(prefix: UInt64, prefixBits: Int, bits: Int)] = [
    (0b10, 2, 7), (0b110, 3, 9), (0b1110, 4, 12), (0b11110, 5, 32), (0b11111, 5, 64),
  ]

  /// The exponent e in 9, 6, 3, 0 so that all times are multiples of 10^e nanoseconds.
  static func unitExponent(of timestamps: [Int64]) -> UInt8 {
    var exponent: UInt8 = 9
    var unit: Int64 = 1_000_000_000
    for time in timestamps {
      while time % unit != 0 {
        exponent -= 3
        unit /= 1000
      }
      if exponent == 0 { break }
    }
    return exponent
  }

  /// Nanoseconds of the unit 10^exponent, or nil where the exponent is not 0, 3, 6 or 9.
  static func unit(exponent: UInt8) -> Int64? {
    switch exponent {
    case 0: 1
    case 3: 1_000
    case 6: 1_000_000
    case 9: 1_000_000_000
    default: nil
    }
  }

  /// Writes all times after the first, which the header keeps.
  static func encode(_ timestamps: [Int64], unit: Int64, into writer: inout BitWriter) {
    guard var previous = timestamps.first.map({ $0 / unit }) else { return }
    var previousDelta: Int64 = 0
    for time in timestamps.dropFirst() {
      let current = time / unit
      let delta = current &- previous
      let change = delta &- previousDelta
      previous = current
      previousDelta = delta
      if change == 0 {
        writer.write(0, count: 1)
        continue
      }
      for bucket in buckets where fits(change, bits: bucket.bits) {
        writer.write(bucket.prefix, count: bucket.prefixBits)
        let mask = bucket.bits == 64 ? ~UInt64(0) : (UInt64(1) << UInt64(bucket.bits)) - 1
        writer.write(UInt64(bitPattern: change) & mask, count: bucket.bits)
        break
      }
    }
  }

  private static func fits(_ value: Int64, bits: Int) -> Bool {
    guard bits < 64 else { return true }
    let limit = Int64(1) << Int64(bits - 1)
    return value >= -limit && value < limit
  }

  /// Fills `timestamps`; the first one is `first`.
  static func decode(
    first: Int64, unit: Int64, from reader: inout BitReader,
    into timestamps: UnsafeMutableBufferPointer<Int64>
  ) throws(CodecError) {
    let count = timestamps.count
    guard count > 0 else { return }
    var current = first / unit
    var delta: Int64 = 0
    timestamps[0] = first
    var index = 1
    while index < count {
      let ones = reader.readOnes(limit: 5)
      if ones > 0 {
        let bits = bucketBits(ones)
        let raw = reader.read(bits)
        // Sign-extend from `bits` to 64.
        let shift = UInt64(64 &- bits)
        delta = delta &+ (Int64(bitPattern: raw &<< shift) &>> Int64(shift))
      }
      current = current &+ delta
      let time = current &* unit
      guard time > timestamps[index &- 1], !reader.isExhausted else {
        throw CodecError(.malformed, "chunk times do not ascend at sample \(index)")
      }
      timestamps[index] = time
      index &+= 1
    }
  }

  @inline(__always)
  private static func bucketBits(_ ones: Int) -> Int {
    switch ones {
    case 1: 7
    case 2: 9
    case 3: 12
    case 4: 32
    default: 64
    }
  }
}

internal import AlmanacCore

/// Writes chunks; keeps its memory between them, one per thread.
public struct ChunkEncoder: ~Copyable {
  private let numbers = UnsafeMutablePointer<Int64>.allocate(capacity: Chunk.maximumCount)
  private var columns = ColumnEncoder(capacity: Chunk.maximumCount)

  /// An encoder.
  public init() {}

  deinit {
    numbers.deallocate()
  }

  /// Appends one chunk to `bytes`.
  ///
  /// A draft is larger and takes a fraction of the time: for small chunks that soon become part of
  /// larger ones.
  ///
  /// - Precondition: there are 1 to `Chunk.maximumCount` samples, both columns have the same length
  ///   and times are strictly ascending.
  public mutating func encode(
    timestamps: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>,
    isDraft: Bool = false, into bytes: inout [UInt8]
  ) {
    let count = timestamps.count
    precondition(count > 0 && count <= Chunk.maximumCount, "BUG: a chunk of \(count) samples")
    precondition(values.count == count, "BUG: columns of different length")
    let start = bytes.count
    bytes.append(0)
    bytes.append(varint: UInt64(count - 1))
    let (clock, isRegular) = Clock.write(
      timestamps, scratch: numbers, encoder: &columns, into: &bytes)
    let flags =
      isDraft
      ? draft(values, into: &bytes)
      : write(values, times: timestamps, isRegular: isRegular, into: &bytes)
    bytes[start] = Chunk.version | flags.rawValue | UInt8(clock) << 4
    bytes.append(
      littleEndian: bytes.withUnsafeBytes {
        CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[start...]))
      })
    precondition(bytes.count - start <= Chunk.maximumSize, "BUG: a chunk too large")
  }

  /// Appends the values without looking for the shortest way; gives the flags of the first byte.
  private mutating func draft(
    _ values: UnsafeBufferPointer<Double>, into bytes: inout [UInt8]
  ) -> Chunk.Flags {
    guard let (exponent, exceptions) = Decimals.scale(values, into: numbers) else {
      var writer = BitWriter(capacity: values.count * 9)
      XORCodec.encode(values, into: &writer)
      let flags = write(.xor, ColumnHead(), [], into: &bytes)
      writer.finish(into: &bytes)
      return flags
    }
    var before: [UInt8] = []
    if exceptions > 0 {
      Exceptions.write(values, numbers: numbers, exponent: exponent, into: &before)
    }
    let plan = columns.draft(numbers, count: values.count)
    let flags = write(
      .decimals(exponent: exponent), plan.head, exceptions > 0 ? .exceptions : [], into: &bytes)
    bytes += before
    columns.write(plan, numbers, count: values.count, into: &bytes)
    return flags
  }

  /// Appends the values in the shortest way; gives the flags of the first byte.
  private mutating func write(
    _ values: UnsafeBufferPointer<Double>, times: UnsafeBufferPointer<Int64>, isRegular: Bool,
    into bytes: inout [UInt8]
  ) -> Chunk.Flags {
    let count = values.count
    guard let (exponent, exceptions) = Decimals.scale(values, into: numbers) else {
      return writeBits(values, limit: .max, into: &bytes) ?? []
    }
    var parts: Chunk.Parts = []
    var before: [UInt8] = []
    var hours: [UInt8] = []
    if exceptions > 0 {
      parts = .exceptions
      Exceptions.write(values, numbers: numbers, exponent: exponent, into: &before)
    } else {
      HourTable.write(
        times, values: values, numbers: numbers, exponent: exponent, isRegular: isRegular,
        into: &hours)
    }
    var plan = columns.plan(numbers, count: count)
    // A line through all samples is read as fast as its hours.
    if !hours.isEmpty, !plan.head.isLine {
      parts = .hours
      before = hours
    }
    // With more than a few exceptions, the bits of all values may be shorter.
    let size = plan.cost / 8 / 256 + before.count
    if exceptions > 0, before.count * 4 > size {
      if let flags = writeBits(values, limit: size, into: &bytes) { return flags }
      _ = Decimals.scale(values, into: numbers)
      plan = columns.plan(numbers, count: count)
    }
    let flags = write(.decimals(exponent: exponent), plan.head, parts, into: &bytes)
    bytes += before
    columns.write(plan, numbers, count: count, into: &bytes)
    return flags
  }

  /// Appends the bits of the values where that takes fewer bytes than `limit`, else gives nil.
  private mutating func writeBits(
    _ values: UnsafeBufferPointer<Double>, limit: Int, into bytes: inout [UInt8]
  ) -> Chunk.Flags? {
    for index in values.indices {
      numbers[index] = Decimals.ordered(Int64(bitPattern: values[index].bitPattern))
    }
    let plan = columns.plan(numbers, count: values.count)
    let size = min(limit, plan.cost / 8 / 256)
    // A coder of its own only where it is shorter than everything before.
    var kind = Chunk.Kind.bits
    var body: [UInt8] = []
    if XORCodec.leastBits(values) < 8 * size {
      var writer = BitWriter(capacity: values.count * 9)
      XORCodec.encode(values, into: &writer)
      if writer.size < size {
        kind = .xor
        writer.finish(into: &body)
      }
    }
    if Self.repeats(values) > values.count / 4,
      let frame = Zstd.compress(Self.bytes(values), level: 3),
      frame.count < (kind == .xor ? body.count : size)
    {
      kind = .zstd
      body = frame
    }
    guard kind == .bits else {
      let flags = write(kind, ColumnHead(), [], into: &bytes)
      bytes += body
      return flags
    }
    guard size < limit else { return nil }
    let flags = write(.bits, plan.head, [], into: &bytes)
    columns.write(plan, numbers, count: values.count, into: &bytes)
    return flags
  }

  private static func bytes(_ values: UnsafeBufferPointer<Double>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * values.count)
    for value in values { bytes.append(littleEndian: value.bitPattern) }
    return bytes
  }

  /// How many values, of some, were there before; those that equal the one before do not count.
  private static func repeats(_ values: UnsafeBufferPointer<Double>) -> Int {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 256) { seen in
      seen.initialize(repeating: 0)
      var repeats = 0
      var previous: UInt64 = 0
      for value in values {
        let bits = value.bitPattern
        // Multiplicative hashing (Knuth, TAOCP 3, 6.4).
        let slot = Int((bits &* 0x9E37_79B9_7F4A_7C15) &>> 56)
        repeats &+= seen[slot] == bits && bits != previous ? 1 : 0
        seen[slot] = bits
        previous = bits
      }
      return repeats
    }
  }

  private func write(
    _ kind: Chunk.Kind, _ head: ColumnHead, _ parts: Chunk.Parts, into bytes: inout [UInt8]
  ) -> Chunk.Flags {
    var flags: Chunk.Flags = []
    if kind.code < 4, let code = head.shortCode {
      flags.insert(.shortHead)
      bytes.append(UInt8(kind.code) | code << 2)
    } else {
      bytes.append(littleEndian: kind.code | head.code << 4)
    }
    let extras = head.extras.rawValue | parts.rawValue
    if extras != 0 {
      flags.insert(.extras)
      bytes.append(extras)
    }
    return flags
  }
}

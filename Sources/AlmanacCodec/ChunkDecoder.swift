public import AlmanacCore

/// Reads chunks; keeps its memory between them, one per thread.
public struct ChunkDecoder: ~Copyable {
  private static let padding = 64

  private let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: Chunk.maximumSize + padding, alignment: 64)
  private var columns = ColumnDecoder()

  /// A decoder.
  public init() {}

  deinit {
    scratch.deallocate()
  }

  /// Verifies the checksum and decodes all samples.
  ///
  /// Both pointers have room for as many elements as the header says there are samples. After an
  /// error what they hold has no meaning.
  public mutating func decode(
    _ bytes: UnsafeRawBufferPointer, timestamps: UnsafeMutablePointer<Int64>,
    values: UnsafeMutablePointer<Double>
  ) throws(CodecError) {
    try Chunk.verify(bytes)
    let chunk = try Chunk.opening(padded(bytes))
    try chunk.clock.decode(into: timestamps, count: chunk.count, decoder: &columns)
    // Values are made in place, of the integers that they are written as.
    let result = values.withMemoryRebound(to: Int64.self, capacity: chunk.count) { numbers in
      Result { () throws(CodecError) in try decode(chunk, into: numbers) }
    }
    try result.get()
  }

  /// Summaries of the hours, in order of time, where the chunk stores them, else nil.
  ///
  /// They are those of `Samples.hours`. The checksum is verified.
  public mutating func hours(_ bytes: UnsafeRawBufferPointer) throws(CodecError) -> [Summary]? {
    try Chunk.verify(bytes)
    let chunk = try Chunk.opening(bytes)
    guard chunk.parts.contains(.hours), case .decimals(let exponent) = chunk.kind else {
      return nil
    }
    var reader = chunk.reader
    return try HourTable.read(
      from: &reader, clock: chunk.clock, count: chunk.count, exponent: exponent)
  }

  /// A copy of a chunk, followed by zeros that loops may read.
  private func padded(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let size = min(bytes.count, Chunk.maximumSize)
    scratch.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(scratch), byteCount: size)
    (scratch + size).initializeMemory(as: UInt8.self, repeating: 0, count: Self.padding)
    // A longer one is an error of the header.
    return UnsafeRawBufferPointer(start: scratch, count: bytes.count)
  }

  private mutating func decode(
    _ chunk: Chunk.Opening, into numbers: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    var reader = chunk.reader
    if chunk.parts.contains(.hours) {
      let size = try reader.count(limit: reader.left)
      try reader.skip(size)
    }
    var exceptions = reader
    if chunk.parts.contains(.exceptions) {
      try Exceptions.read(from: &reader, count: chunk.count, into: nil)
    }
    switch chunk.kind {
    case .xor:
      var bits = BitReader(base: reader.pointer, byteCount: reader.left)
      try XORCodec.decode(from: &bits, into: numbers, count: chunk.count)
    case .zstd:
      let frame = UnsafeRawBufferPointer(start: reader.pointer, count: reader.left)
      try Zstd.decompress(frame, to: numbers, size: 8 * chunk.count)
      for index in 0..<chunk.count { numbers[index] = Int64(littleEndian: numbers[index]) }
    case .bits:
      try decodeColumn(chunk, from: &reader, into: numbers)
      for index in 0..<chunk.count { numbers[index] = Decimals.ordered(numbers[index]) }
    case .decimals(let exponent):
      try decodeColumn(chunk, from: &reader, into: numbers)
      Decimals.unscale(numbers, count: chunk.count, exponent: exponent)
      if chunk.parts.contains(.exceptions) {
        try Exceptions.read(from: &exceptions, count: chunk.count, into: numbers)
      }
    }
  }

  private mutating func decodeColumn(
    _ chunk: Chunk.Opening, from reader: inout ByteReader, into numbers: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    try columns.decode(chunk.head, from: &reader, count: chunk.count, into: numbers)
    guard reader.left == 0 else {
      throw CodecError(.malformed, "chunk with \(reader.left) bytes after its values")
    }
  }
}

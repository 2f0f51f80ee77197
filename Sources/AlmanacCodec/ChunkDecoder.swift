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
    var part = ColumnPart(wanted: 0..<chunk.count)
    try decode(chunk, &part, into: values)
  }

  /// Verifies the checksum and decodes the samples inside `range`; gives where in the memory they
  /// are. What is elsewhere in it has no meaning.
  ///
  /// Both pointers have room for as many elements as the header says there are samples.
  ///
  /// - Parameter marks: those of this chunk, if they are known; else they are made where that helps
  ///   the next time.
  public mutating func decode(
    _ bytes: UnsafeRawBufferPointer, inside range: TimeRange, marks: inout ChunkMarks,
    timestamps: UnsafeMutablePointer<Int64>, values: UnsafeMutablePointer<Double>
  ) throws(CodecError) -> Range<Int> {
    try Chunk.verify(bytes)
    let chunk = try Chunk.opening(padded(bytes))
    let wanted = try chunk.clock.decode(
      inside: range, into: timestamps, count: chunk.count, decoder: &columns)
    if wanted.isEmpty { return wanted }
    var part = ColumnPart(wanted: wanted, marks: marks.marks)
    part.makesMarks = marks.isEmpty && wanted.lowerBound >= 2 * ColumnMark.distance
    try decode(chunk, &part, into: values)
    if part.makesMarks { marks.marks = part.marks }
    return wanted
  }

  /// Values are made in place, of the integers that they are written as.
  private mutating func decode(
    _ chunk: Chunk.Opening, _ part: inout ColumnPart, into values: UnsafeMutablePointer<Double>
  ) throws(CodecError) {
    let result = values.withMemoryRebound(to: Int64.self, capacity: chunk.count) { numbers in
      Result { () throws(CodecError) in try decode(chunk, &part, into: numbers) }
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
    _ chunk: Chunk.Opening, _ part: inout ColumnPart, into numbers: UnsafeMutablePointer<Int64>
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
      try decodeColumn(chunk, &part, from: &reader, into: numbers)
      for index in part.wanted { numbers[index] = Decimals.ordered(numbers[index]) }
    case .decimals(let exponent):
      try decodeColumn(chunk, &part, from: &reader, into: numbers)
      Decimals.unscale(
        numbers + part.wanted.lowerBound, count: part.wanted.count, exponent: exponent)
      if chunk.parts.contains(.exceptions) {
        try Exceptions.read(from: &exceptions, count: chunk.count, into: numbers)
      }
    }
  }

  private mutating func decodeColumn(
    _ chunk: Chunk.Opening, _ part: inout ColumnPart, from reader: inout ByteReader,
    into numbers: UnsafeMutablePointer<Int64>
  ) throws(CodecError) {
    try columns.decode(chunk.head, from: &reader, count: chunk.count, &part, into: numbers)
    guard reader.left == 0 else {
      throw CodecError(.malformed, "chunk with \(reader.left) bytes after its values")
    }
  }
}

internal import AlmanacCodec
internal import AlmanacCore

/// Decodes chunks of parts with memory that it keeps.
struct ChunkReader: ~Copyable {
  private var decoder = ChunkDecoder()

  /// The header of a chunk.
  static func header(
    _ chunk: UnsafeRawBufferPointer, of part: Part, _ block: Int, _ series: UInt32
  ) throws(StoreError) -> Chunk.Header {
    do throws(CodecError) {
      return try Chunk.header(chunk)
    } catch {
      throw part.error(block, series, error)
    }
  }

  /// Throws where the checksum is not that of the bytes: to be called before a chunk is passed over
  /// or copied for what its header says.
  static func verify(
    _ chunk: UnsafeRawBufferPointer, of part: Part, _ block: Int, _ series: UInt32
  ) throws(StoreError) {
    do throws(CodecError) {
      try Chunk.verify(chunk)
    } catch {
      throw part.error(block, series, error)
    }
  }

  /// All samples of a chunk.
  mutating func samples(
    _ chunk: UnsafeRawBufferPointer, of part: Part, _ block: Int, _ series: UInt32
  ) throws(StoreError) -> Samples {
    do throws(CodecError) {
      let count = try Chunk.header(chunk).count
      var failure: CodecError?
      var values: [Double] = []
      let timestamps = [Int64](unsafeUninitializedCapacity: count) { times, timeCount in
        values = [Double](unsafeUninitializedCapacity: count) { found, valueCount in
          guard let times = times.baseAddress, let found = found.baseAddress else { return }
          do throws(CodecError) {
            try decoder.decode(chunk, timestamps: times, values: found)
            valueCount = count
          } catch {
            failure = error
          }
        }
        timeCount = failure == nil ? count : 0
      }
      if let failure { throw failure }
      return Samples(timestamps: timestamps, values: values)
    } catch {
      throw part.error(block, series, error)
    }
  }

  /// Appends the samples of a chunk inside `range` to `buffer`, which ends before the first of
  /// them.
  mutating func append(
    _ chunk: UnsafeRawBufferPointer, _ header: Chunk.Header, inside range: TimeRange,
    of part: Part, _ block: Int, _ series: UInt32, to buffer: inout SampleBuffer
  ) throws(StoreError) {
    // From the beginning on marks are of no use.
    let hasMarks = header.count > ChunkMarks.minimumCount && range.start > header.range.start
    var marks = hasMarks ? part.marks.marks(of: chunk) : ChunkMarks()
    let wereKnown = !marks.isEmpty
    try buffer.append(upTo: header.count) { times, values throws(StoreError) in
      do throws(CodecError) {
        return try decoder.decode(
          chunk, inside: range, marks: &marks, timestamps: times, values: values)
      } catch {
        throw part.error(block, series, error)
      }
    }
    if !wereKnown, !marks.isEmpty { part.marks.remember(marks, of: chunk) }
  }

  /// The summaries of a chunk's hours, where it has them.
  mutating func hours(
    _ chunk: UnsafeRawBufferPointer, of part: Part, _ block: Int, _ series: UInt32
  ) throws(StoreError) -> [Summary]? {
    do throws(CodecError) {
      return try decoder.hours(chunk)
    } catch {
      throw part.error(block, series, error)
    }
  }
}

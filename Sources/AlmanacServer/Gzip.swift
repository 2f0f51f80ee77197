internal import CZlib

/// Inflates gzip (RFC 1952) bodies through the system's zlib.
enum Gzip {
  enum Failure: Error {
    /// Not gzip at all.
    case invalidHeader
    /// It began as gzip and broke, or ended early.
    case damaged
    /// More than the limit came out.
    case tooLarge
  }

  /// Inflates `input`, several members one after the other too, to at most `limit` bytes.
  static func inflate(_ input: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    guard input.count >= 2, input[0] == 0x1F, input[1] == 0x8B else { throw .invalidHeader }
    var stream = z_stream()
    // 15 bits of window; 16 more mean: gzip, nothing else.
    let started = inflateInit2_(
      &stream, 15 + 16, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    guard started == Z_OK else { throw .damaged }
    defer { inflateEnd(&stream) }
    var output: [UInt8] = []
    var failure: Failure?
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var input = input
    input.withUnsafeMutableBufferPointer { bytes in
      stream.next_in = bytes.baseAddress
      stream.avail_in = uInt(bytes.count)
      failure = drain(&stream, &buffer, into: &output, limit: limit)
    }
    if let failure { throw failure }
    return output
  }

  private static func drain(
    _ stream: inout z_stream, _ buffer: inout [UInt8], into output: inout [UInt8], limit: Int
  ) -> Failure? {
    while true {
      let capacity = buffer.count
      let code = buffer.withUnsafeMutableBufferPointer { room in
        stream.next_out = room.baseAddress
        stream.avail_out = uInt(capacity)
        return CZlib.inflate(&stream, Z_NO_FLUSH)
      }
      let produced = capacity - Int(stream.avail_out)
      guard output.count + produced <= limit else { return .tooLarge }
      output.append(contentsOf: buffer[..<produced])
      switch code {
      case Z_OK:
        // No input left and no room unused: the stream ended before its trailer.
        if stream.avail_in == 0, produced < capacity { return .damaged }
      case Z_STREAM_END:
        if stream.avail_in == 0 { return nil }
        guard inflateReset(&stream) == Z_OK else { return .damaged }
      default:
        return .damaged
      }
    }
  }
}

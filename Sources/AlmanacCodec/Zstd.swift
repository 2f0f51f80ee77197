internal import CZstd

/// Zstandard (RFC 8878) over one buffer.
public enum Zstd {
  /// Inputs below this are not tried: the frame costs more than is won.
  static let minimumInput = 128

  /// `bytes` compressed, or nil where that is not shorter.
  public static func compress(_ bytes: [UInt8], level: Int32) -> [UInt8]? {
    guard bytes.count >= minimumInput else { return nil }
    let bound = ZSTD_compressBound(bytes.count)
    let compressed = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
      let size = bytes.withUnsafeBytes { input in
        ZSTD_compress(buffer.baseAddress, bound, input.baseAddress, input.count, level)
      }
      count = ZSTD_isError(size) == 0 ? size : 0
    }
    return compressed.isEmpty || compressed.count >= bytes.count ? nil : compressed
  }

  /// What `compress` was given, at most `limit` bytes.
  public static func decompress(
    _ input: UnsafeRawBufferPointer, limit: Int
  ) throws(CodecError) -> [UInt8] {
    let size = ZSTD_getFrameContentSize(input.baseAddress, input.count)
    // Unknown and damaged are the two greatest numbers.
    guard size <= UInt64(clamping: limit) else {
      throw CodecError(.malformed, "zstd frame does not say that it holds \(limit) bytes at most")
    }
    var failure: CodecError?
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
      do throws(CodecError) {
        guard let base = buffer.baseAddress else { return }
        try decompress(input, to: base, size: Int(size))
        count = Int(size)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Decompresses `input` to exactly `size` bytes at `output`.
  static func decompress(
    _ input: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer, size: Int
  ) throws(CodecError) {
    let written = ZSTD_decompress(output, size, input.baseAddress, input.count)
    guard ZSTD_isError(written) == 0, written == size else {
      throw CodecError(.malformed, "zstd frame does not hold the \(size) bytes it should")
    }
  }
}

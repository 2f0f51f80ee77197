internal import CZstd

/// Zstandard (RFC 8878) over one buffer.
enum Zstd {
  /// Inputs below this are not tried: the frame costs more than is won.
  static let minimumInput = 128

  /// `bytes` compressed, or nil where that is not shorter.
  static func compress(_ bytes: [UInt8], level: Int32) -> [UInt8]? {
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

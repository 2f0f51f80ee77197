internal import CRE2

/// An RE2 program. Matching takes time linear in the text, and any number of threads may match.
final class CompiledPattern: Sendable {
  /// Programs of more instructions are refused: without a cache of states each byte of a text may
  /// cost a step of every instruction.
  private static let programLimit: Int32 = 20_000
  private static let rangeLimit = 64

  /// RE2 locks inside; the pointer itself never changes.
  private nonisolated(unsafe) let pattern: OpaquePointer

  /// Compiles `text`.
  init(_ text: String) throws(PatternError) {
    var error = [CChar](repeating: 0, count: 256)
    var text = text
    let compiled = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        cre2_compile(bytes.baseAddress, bytes.count, Self.programLimit, &error, error.count)
      }
    }
    guard let compiled else {
      let reason = error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      throw PatternError(reason: String(decoding: reason, as: UTF8.self))
    }
    pattern = compiled
  }

  deinit {
    cre2_delete(pattern)
  }

  func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
    cre2_matches(pattern, bytes.baseAddress, bytes.count)
  }

  /// What every match lies between, in order of bytes, both included; nil where nothing is known.
  func range() -> ClosedByteRange? {
    var lower = [CChar](repeating: 0, count: Self.rangeLimit + 1)
    var upper = lower
    var lowerCount = 0
    var upperCount = 0
    guard cre2_range(pattern, Self.rangeLimit, &lower, &lowerCount, &upper, &upperCount) else {
      return nil
    }
    return ClosedByteRange(
      lower: lower.prefix(lowerCount).map(UInt8.init(bitPattern:)),
      upper: upper.prefix(upperCount).map(UInt8.init(bitPattern:)))
  }
}

/// Strings from `lower` to `upper`, both included, in order of bytes.
public struct ClosedByteRange: Equatable, Sendable {
  /// No string of the range comes before these bytes.
  public let lower: [UInt8]
  /// No string of the range comes after these bytes.
  public let upper: [UInt8]
}

/// Why a text is no regular expression.
public struct PatternError: Error, Equatable {
  /// Which of the texts given, from 0.
  public var index = 0
  /// The reason in RE2's words, as `missing ): a(b`.
  public let reason: String
}

/// Why bytes are not a chunk that can be read.
public struct CodecError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of damage it is.
  public enum Code: Hashable, Sendable {
    /// There are fewer bytes than the header promises.
    case truncated
    /// The checksum does not match the bytes.
    case checksum
    /// The format version or codec is not one that this program knows.
    case unknownFormat
    /// Checksum right, contents impossible.
    case malformed
  }

  /// The kind of damage.
  public let code: Code
  /// What was expected and what was found.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

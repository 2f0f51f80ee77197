internal import Glibc

/// Why the store could not do what it was asked to.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the caller can do about it.
  public enum Code: Hashable, Sendable {
    /// The directory cannot be opened or made.
    case cannotOpen
    /// Another server has the directory open.
    case locked
    /// The store was written by a version with another format.
    case unknownFormat
    /// Bytes on disk are not what was written.
    case damaged
    /// No room: the disk or the memory map is full. Writes may be tried again later.
    case full
    /// The disk failed or cannot be written to. Writes may be tried again later.
    case inputOutput
    /// More writes wait than may wait. May be tried again at once.
    case busy
    /// Series that a write names by number were forgotten since; it may come again with keys.
    case seriesForgotten
    /// The store was opened for reading only.
    case readOnly
    /// The store is closed or closing.
    case closed
  }

  /// The kind of failure.
  public let code: Code
  /// "cannot <verb> <what>: <cause>".
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

extension StoreError {
  /// What the system's error number `errno` means for who wanted to `action` the file `path`.
  init(errno: Int32, _ action: String, _ path: String) {
    let code: Code =
      switch errno {
      case ENOSPC, EDQUOT: .full
      case ENOENT, ENOTDIR: .cannotOpen
      default: .inputOutput
      }
    self.init(code, "cannot \(action) \(path): \(String(cString: strerror(errno)))")
  }
}

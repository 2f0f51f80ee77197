/// Why a template cannot be read or expanded.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, and where, as Go's templates say it.
  public let message: String

  init(_ message: String) {
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

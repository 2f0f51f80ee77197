/// What can go wrong in training or fitting: a code to branch on and a sentence to print.
public struct NeuralError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure. New codes may appear in later versions.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name, such as `tooShort`.
    public let description: String

    private init(_ name: String) { description = name }

    /// An option or a size is outside its range.
    public static let invalidArgument = Code("invalidArgument")
    /// A number handed in is NaN or infinite.
    public static let nonFinite = Code("nonFinite")
    /// There are too few samples for what was asked.
    public static let tooShort = Code("tooShort")
    /// Training left the finite numbers; a smaller learning rate may help.
    public static let diverged = Code("diverged")
    /// The caller's `progress` closure asked to stop.
    public static let cancelled = Code("cancelled")
    /// A covariance matrix is not symmetric and positive definite.
    public static let notPositiveDefinite = Code("notPositiveDefinite")
  }

  /// The kind of failure.
  public let code: Code

  /// "cannot <verb> <what>: <cause>".
  public let message: String

  /// Makes an error from its parts.
  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  /// What `Trainer.train` throws when `progress` returned false.
  public static let cancelled = NeuralError(
    code: .cancelled, message: "cannot finish training: cancelled by the caller")

  /// The message.
  public var description: String { message }
}

/// Why a series could not be prepared, modelled or forecast.
public struct ForecastError: Error, Sendable, Equatable {
  /// What kind of failure it is; codes may be added.
  public struct Code: Sendable, Hashable {
    /// A stable word for the kind, such as `too_short`.
    public let name: String

    private init(_ name: String) { self.name = name }

    /// The history holds no known sample at all.
    public static let empty = Code("empty")
    /// The history is too short or starts too late for what was asked.
    public static let tooShort = Code("too_short")
    /// An argument is outside what is allowed.
    public static let badArgument = Code("bad_argument")
    /// A negative value has no logarithm.
    public static let negativeValue = Code("negative_value")
    /// The history's step is not the one that the model was trained on.
    public static let wrongStep = Code("wrong_step")
    /// Training was stopped by its progress callback.
    public static let cancelled = Code("cancelled")
    /// The network could not be trained.
    public static let training = Code("training")
    /// The bytes are no model, or a damaged one, or of a later version.
    public static let damagedModel = Code("damaged_model")
  }

  /// The kind of failure.
  public let code: Code
  /// One line for people: "cannot <verb> <what>: <cause>".
  public let message: String

  /// A failure of kind `code`.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

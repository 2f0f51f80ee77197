public import AlmanacCore

/// A definition with a version, as the database keeps it: `let prep@3(s) = s | deseason`.
public struct StoredLet: Sendable, Equatable {
  /// The name.
  public let name: String
  /// The version.
  public let version: Int
  /// The whole statement in canonical form. Other definitions that it used are written out in it,
  /// so that it means the same whatever becomes of them.
  public let text: String
  /// When it was stored; nil before that.
  public var created: Timestamp?

  /// A definition.
  public init(name: String, version: Int, text: String, created: Timestamp? = nil) {
    self.name = name
    self.version = version
    self.text = text
    self.created = created
  }

  /// Name and version: `prep@3`.
  public var id: String { "\(name)@\(version)" }
}

internal import Synchronization

/// What `explain` sees of the stages of one evaluation.
final class StageWatch: Sendable {
  /// How a stage is known: by its canonical text, or by its place where the plan has no text.
  enum Name: Hashable, Sendable {
    case text(String)
    case place(SourceRange)
  }

  /// What was seen of a stage.
  struct Observation: Sendable {
    /// Whether its result was kept from before; nil where it is not looked up.
    var isHit: Bool?
    /// Time without that of the stages inside; nil where it was not worked out.
    var milliseconds: Double?
    /// The last value.
    var value: Value?
  }

  /// The time of the stages inside of one.
  final class Span: Sendable {
    private let total = Mutex(0.0)

    var inner: Double { total.withLock { $0 } }

    func add(_ milliseconds: Double) { total.withLock { $0 += milliseconds } }
  }

  /// Whether nothing is read: only what would be done is noted.
  let isDry: Bool
  private let seen = Mutex<[Name: Observation]>([:])

  init(isDry: Bool) {
    self.isDry = isDry
  }

  subscript(_ name: Name) -> Observation? { seen.withLock { $0[name] } }

  /// Notes whether a result was kept. One that was not at its first use counts as not kept.
  func note(_ name: Name, isHit: Bool) {
    seen.withLock { seen in
      let before = seen[name]?.isHit ?? true
      seen[name, default: Observation()].isHit = before && isHit
    }
  }

  func note(_ name: Name, milliseconds: Double) {
    seen.withLock { seen in
      let before = seen[name]?.milliseconds ?? 0
      seen[name, default: Observation()].milliseconds = before + milliseconds
    }
  }

  func note(_ name: Name, _ value: Value) {
    seen.withLock { $0[name, default: Observation()].value = value }
  }
}

internal import Synchronization

/// What the user should know, gathered while a query runs; each text once, in order of arrival.
final class Warnings: Sendable {
  /// The texts so far.
  struct Texts: Sendable {
    /// What may make the answer another one than was meant.
    var warnings: [String] = []
    /// How the answer came about.
    var infos: [String] = []
  }

  private let texts = Mutex(Texts())

  func add(_ text: String) {
    texts.withLock { if !$0.warnings.contains(text) { $0.warnings.append(text) } }
  }

  func note(_ text: String) {
    texts.withLock { if !$0.infos.contains(text) { $0.infos.append(text) } }
  }

  func add(_ others: Texts) {
    others.warnings.forEach(add)
    others.infos.forEach(note)
  }

  var all: Texts { texts.withLock { $0 } }
}

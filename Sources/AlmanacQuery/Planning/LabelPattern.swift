internal import AlmanacCore
internal import Synchronization

/// A regular expression that a whole label value must match.
///
/// Alternations of plain words and plain prefixes, most of what dashboards send, are compared as
/// such. The rest goes to Swift's engine.
enum LabelPattern: Sendable {
  case words([String])
  case prefix(String)
  case any
  case general(SharedRegex)

  init(_ pattern: String) throws {
    let special: (Character) -> Bool = { "\\^$.|?*+()[]{}".contains($0) }
    let words = pattern.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
    if pattern == ".*" {
      self = .any
    } else if words.allSatisfy({ !$0.contains(where: special) }) {
      self = .words(words)
    } else if pattern.hasSuffix(".*"), !pattern.dropLast(2).contains(where: special) {
      self = .prefix(String(pattern.dropLast(2)))
    } else {
      self = .general(try SharedRegex(pattern))
    }
  }

  func matches(_ value: String) -> Bool {
    switch self {
    case .words(let words): words.contains(value)
    case .prefix(let prefix): value.hasPrefix(prefix)
    case .any: true
    case .general(let regex): regex.matches(value)
    }
  }
}

/// Swift's `Regex` is not `Sendable`; one lock makes it so.
final class SharedRegex: Sendable {
  private let regex: Mutex<Regex<AnyRegexOutput>>

  init(_ pattern: String) throws {
    regex = Mutex(try Regex(pattern).dotMatchesNewlines())
  }

  func matches(_ value: String) -> Bool {
    regex.withLock { regex in (try? regex.wholeMatch(in: value)) != nil }
  }
}

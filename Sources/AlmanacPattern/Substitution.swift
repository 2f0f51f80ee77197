internal import CRE2

/// A regular expression that must match a whole text, and what to make of its groups: `$1`,
/// `${name}`, and `$$` for the sign itself, as Prometheus' `label_replace` reads them.
public struct Substitution: Sendable {
  private let pattern: CapturingProgram
  private let template: CaptureTemplate

  /// Reads the expression `pattern`; groups of `template` that it does not have are empty.
  public init(pattern: String, template: String) throws(PatternError) {
    let program = try CapturingProgram(pattern)
    self.pattern = program
    self.template = CaptureTemplate(template, of: program)
  }

  /// What the template makes of `text`; nil where it does not match.
  public func apply(to text: String) -> String? {
    pattern.groups(of: text).map(template.text)
  }
}

/// A template whose groups are found in a program.
struct CaptureTemplate: Sendable {
  private enum Part: Sendable {
    case text(String)
    case group(Int)
  }

  private let parts: [Part]

  init(_ template: String, of program: CapturingProgram) {
    var parts: [Part] = []
    for part in TemplatePart.all(of: template) {
      switch part {
      case .text(let text): parts.append(.text(text))
      case .group(let name):
        guard let number = Int(name) ?? program.group(named: name) else { continue }
        parts.append(.group(number))
      }
    }
    self.parts = parts
  }

  /// What it makes of the texts of all groups, the whole match first.
  func text(_ groups: [String]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .group(let number): number < groups.count ? groups[number] : ""
      }
    }.joined()
  }
}

/// A piece of a template.
enum TemplatePart: Equatable {
  case text(String)
  case group(String)

  /// The pieces of `template`. A `$` that begins nothing stands for itself.
  static func all(of template: String) -> [TemplatePart] {
    var parts: [TemplatePart] = []
    var text = ""
    var rest = template[...]
    while let first = rest.first {
      rest.removeFirst()
      guard first == "$", let next = rest.first else {
        text.append(first)
        continue
      }
      if next == "$" {
        rest.removeFirst()
        text.append("$")
        continue
      }
      let isBraced = next == "{"
      let name = (isBraced ? rest.dropFirst() : rest).prefix {
        $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber)
      }
      let after = rest[name.endIndex...]
      guard !name.isEmpty, !isBraced || after.first == "}" else {
        text.append(first)
        continue
      }
      if !text.isEmpty { parts.append(.text(text)) }
      text = ""
      parts.append(.group(String(name)))
      rest = isBraced ? after.dropFirst() : after
    }
    if !text.isEmpty { parts.append(.text(text)) }
    return parts
  }
}

/// An RE2 program that tells what its groups match. Any number of threads may match.
final class CapturingProgram: Sendable {
  private static let programLimit: Int32 = 20_000

  /// RE2 locks inside; the pointer itself never changes.
  private nonisolated(unsafe) let pattern: OpaquePointer
  private let count: Int

  init(_ text: String) throws(PatternError) {
    var error = [CChar](repeating: 0, count: 256)
    var text = text
    let compiled = text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { bytes in
        cre2_compile_capturing(
          bytes.baseAddress, bytes.count, Self.programLimit, &error, error.count)
      }
    }
    guard let compiled else {
      let reason = error.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      throw PatternError(reason: String(decoding: reason, as: UTF8.self))
    }
    pattern = compiled
    count = Int(cre2_group_count(compiled)) + 1
  }

  deinit {
    cre2_delete(pattern)
  }

  func group(named name: String) -> Int? {
    let number = Int(cre2_group_named(pattern, name))
    return number < 0 ? nil : number
  }

  /// What each group matches, the whole text first; nil where the text does not match.
  func groups(of text: String) -> [String]? {
    let bytes = Array(text.utf8)
    var starts = [Int](repeating: 0, count: count)
    var ends = starts
    let matches = bytes.withUnsafeBytes { buffer in
      cre2_groups(pattern, buffer.baseAddress, buffer.count, &starts, &ends, Int32(count))
    }
    guard matches else { return nil }
    return zip(starts, ends).map { start, end in
      start < 0 ? "" : String(decoding: bytes[start..<end], as: UTF8.self)
    }
  }

  /// Where the first match that begins at `start` or later lies, and its groups; nil where there
  /// is none. A group that took no part is empty.
  func find(in bytes: [UInt8], from start: Int) -> [Range<Int>]? {
    var starts = [Int](repeating: 0, count: count)
    var ends = starts
    let matches = bytes.withUnsafeBytes { buffer in
      cre2_search(
        pattern, buffer.baseAddress, buffer.count, start, &starts, &ends, Int32(count))
    }
    return matches ? zip(starts, ends).map { $0 < 0 ? 0..<0 : $0..<$1 } : nil
  }
}

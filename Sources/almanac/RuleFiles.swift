import AlmanacCore
import AlmanacRules
import ArgumentParser
import Foundation
import Glibc

/// The rule files that `serve --rules` names.
struct RuleFiles: Sendable {
  /// Paths, or patterns of paths as a shell has them.
  let patterns: [String]

  /// Every file that the patterns name, in order and once, with what is in it.
  ///
  /// - Throws: `Failure` where a path without wildcards is not there, or a file cannot be read.
  func read() throws -> [(path: String, text: String)] {
    var paths: [String] = []
    for pattern in patterns {
      for path in try Self.paths(of: pattern) where !paths.contains(path) { paths.append(path) }
    }
    return try paths.map { ($0, try Self.text($0)) }
  }

  /// The text of a file.
  static func text(_ path: String) throws -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw Failure("cannot read the rule file \(path): \(error.localizedDescription)")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw Failure("cannot read the rule file \(path): it is no UTF-8")
    }
    return text
  }

  /// What the pattern names, in order; nothing is fine where it has a wildcard.
  private static func paths(of pattern: String) throws -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    switch glob(pattern, 0, nil, &found) {
    case 0:
      return (0..<Int(found.gl_pathc)).compactMap { index in
        found.gl_pathv[index].map { String(cString: $0) }
      }
    case GLOB_NOMATCH:
      guard pattern.contains(where: { "*?[".contains($0) }) else {
        throw Failure("cannot read the rule file \(pattern): there is no such file")
      }
      return []
    default: throw Failure("cannot look for the rule files \(pattern)")
    }
  }
}

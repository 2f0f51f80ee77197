internal import AlmanacPattern

/// Expressions of `match` and `reReplaceAll`.
enum TemplatePattern {
  static func replacement(
    _ pattern: String, _ template: String
  ) throws(TemplateError) -> Replacement {
    do throws(PatternError) {
      return try Replacement(pattern: pattern, template: template)
    } catch {
      throw TemplateError("error parsing regexp: \(error.reason)")
    }
  }
}

/// Names of machines with ports and domains.
enum HostName {
  /// Both sides of the colon, the brackets of an IPv6 address taken off; nil where there is no port.
  static func split(_ text: String) -> (host: String, port: String)? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let (host, port) = (text[..<colon], text[text.index(after: colon)...])
    if host.hasPrefix("["), host.hasSuffix("]") {
      return (String(host.dropFirst().dropLast()), String(port))
    }
    guard !host.contains(":"), !host.contains("["), !host.contains("]") else { return nil }
    return (String(host), String(port))
  }

  /// `web-1` of `web-1.example.org:9100`, with the port; addresses stay as they are.
  static func withoutDomain(_ text: String) -> String {
    let parts = split(text)
    let host = parts?.host ?? text
    if host.contains(":") || isAddress(host) { return text }
    let name = String(host.prefix { $0 != "." })
    return parts.map { "\(name):\($0.port)" } ?? name
  }

  private static func isAddress(_ host: String) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
  }
}

extension String {
  /// The first letter of each word as a capital.
  var titled: String {
    var isBefore = true
    return String(
      unicodeScalars.flatMap { scalar -> [Character] in
        let character = Character(scalar)
        let isWord = character.isLetter || character.isNumber || "_'".contains(character)
        defer { isBefore = !isWord }
        return isBefore ? Array(character.uppercased()) : [character]
      })
  }

  /// As in the query of a URL.
  var queryEscaped: String {
    utf8.map { byte in
      switch byte {
      case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
        UInt8(ascii: "~"):
        return String(Unicode.Scalar(byte))
      case UInt8(ascii: " "): return "+"
      default: return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
  }

  /// As in HTML.
  var htmlEscaped: String {
    reduce(into: "") { text, character in
      switch character {
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "&": text += "&amp;"
      case "\"": text += "&#34;"
      case "'": text += "&#39;"
      default: text.append(character)
      }
    }
  }
}

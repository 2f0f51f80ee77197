/// Text as a terminal shows it: how many cells it takes, cut and padded to a number of cells.
enum DisplayText {
  /// The cells that `character` takes: 0, 1 or 2.
  static func width(of character: Character) -> Int {
    var width = 0
    for scalar in character.unicodeScalars { width = max(width, self.width(of: scalar)) }
    return width
  }

  /// The cells that `text` takes in one line.
  static func width(of text: String) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    return text.reduce(0) { $0 + width(of: $1) }
  }

  private static func width(of scalar: Unicode.Scalar) -> Int {
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    // East Asian Width W and F, and the emoji, by block.
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
      0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// `text` in one line and without anything that steers a terminal.
  ///
  /// Label values come from outside: an escape sequence or a change of writing direction in one
  /// must not reach the screen. Without `unicode` everything beyond ASCII becomes `?` too.
  static func clean(_ text: String, unicode: Bool) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D: scalars.append(" ")
      case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
        scalars.append("?")
      case 0x80...: scalars.append(unicode ? scalar : "?")
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// As much of `text` as fits `cells`, the last cell an ellipsis where something was cut off.
  static func cut(_ text: String, to cells: Int, unicode: Bool) -> String {
    guard width(of: text) > cells else { return text }
    guard cells > 0 else { return "" }
    var kept = ""
    var used = 0
    for character in text {
      let width = width(of: character)
      if used + width > cells - 1 { break }
      kept.append(character)
      used += width
    }
    return kept + (unicode ? "…" : "~")
  }

  /// `text` with spaces up to `cells`, behind it or before it.
  static func padded(_ text: String, to cells: Int, right: Bool = false) -> String {
    let spaces = String(repeating: " ", count: max(0, cells - width(of: text)))
    return right ? spaces + text : text + spaces
  }
}

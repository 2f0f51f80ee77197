/// What a cell shows; decides its color.
enum Ink: Hashable {
  case plain
  case title
  case axis
  case band
  case now
  case mark
  case line(Chart.Style)

  /// The parameters of the ANSI sequence "select graphic rendition"; nil for the default color.
  var code: String? {
    switch self {
    case .plain: nil
    case .title: "1"
    case .axis, .band, .now: "90"
    case .mark: "1;31"
    case .line(let style): style.code
    }
  }
}

extension Chart.Style {
  // Red is kept for marks, black and white for what may be the background.
  private static let palette = ["36", "33", "32", "35", "34", "96", "93", "92", "95", "94"]

  fileprivate var code: String {
    switch self {
    case .history: Self.palette[0]
    case .forecast: Self.palette[1]
    case .series(let index): Self.palette[Int(index.magnitude % UInt(Self.palette.count))]
    }
  }
}

/// A line of output made of pieces in different inks.
struct StyledLine {
  private var pieces: [(text: String, ink: Ink)] = []
  /// The cells that the line takes so far.
  private(set) var width = 0

  /// Adds `text` behind what is there.
  mutating func append(_ text: String, _ ink: Ink = .plain) {
    guard !text.isEmpty else { return }
    width += DisplayText.width(of: text)
    if let last = pieces.indices.last, pieces[last].ink == ink {
      pieces[last].text += text
    } else {
      pieces.append((text, ink))
    }
  }

  /// Adds spaces up to the cell `column`.
  mutating func pad(to column: Int) {
    append(String(repeating: " ", count: max(0, column - width)))
  }

  /// The line without spaces at its end, with ANSI sequences where `color` is on.
  func rendered(color: Bool) -> String {
    var text = ""
    let isBlank = { (text: String) in text.allSatisfy { $0 == " " } }
    let end = (pieces.lastIndex { !isBlank($0.text) } ?? -1) + 1
    for (index, piece) in pieces[..<end].enumerated() {
      var part = piece.text
      if index == end - 1 {
        while part.hasSuffix(" ") { part.removeLast() }
      }
      if color, let code = piece.ink.code, !isBlank(part) {
        text += "\u{1B}[\(code)m\(part)\u{1B}[0m"
      } else {
        text += part
      }
    }
    return text
  }
}

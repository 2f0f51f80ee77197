/// Rows in aligned columns: numbers to the right, everything else to the left.
///
/// Only the first `maxRows` rows are kept and shown; of the others it says how many there are.
public struct TextTable {
  private let header: [String]
  private let width: Int
  private let maxRows: Int
  private let color: Bool
  private let unicode: Bool
  private var rows: [[String]] = []
  private var left = 0

  /// The least cells that a column of text is cut to.
  private static let leastWidth = 6
  private static let gap = "  "

  /// An empty table with these column names, cut to `width` cells.
  public init(
    columns: [String], width: Int, maxRows: Int = .max, color: Bool = false,
    unicode: Bool = true
  ) {
    header = columns.map { DisplayText.clean($0, unicode: unicode) }
    self.width = max(1, width)
    self.maxRows = max(0, maxRows)
    self.color = color
    self.unicode = unicode
  }

  /// Adds a row; cells that are missing are empty, cells beyond the columns are dropped.
  public mutating func append(_ cells: [String]) {
    guard rows.count < maxRows else {
      left += 1
      return
    }
    var row = cells.prefix(header.count).map { DisplayText.clean($0, unicode: unicode) }
    row += Array(repeating: "", count: header.count - row.count)
    rows.append(row)
  }

  /// The table, each line ended by a newline; a last line says what is not shown.
  public func render() -> String {
    guard !header.isEmpty else { return "" }
    let numeric = header.indices.map(isNumeric)
    let widths = fittedWidths(numeric)
    var lines: [StyledLine] = []
    lines.append(line(header, widths, numeric, .title))
    var rule = StyledLine()
    let dash = unicode ? "─" : "-"
    rule.append(
      widths.map { String(repeating: dash, count: $0) }.joined(separator: Self.gap), .axis)
    lines.append(rule)
    for row in rows { lines.append(line(row, widths, numeric, .plain)) }
    var notes: [String] = []
    if left > 0 { notes.append("... and \(left) more") }
    let hidden = header.count - widths.count
    if hidden > 0 {
      notes.append("\(hidden) \(hidden == 1 ? "column does" : "columns do") not fit")
    }
    if !notes.isEmpty {
      var line = StyledLine()
      let note = notes.joined(separator: "; ")
      line.append(DisplayText.cut(note, to: width, unicode: unicode), .axis)
      lines.append(line)
    }
    return lines.map { $0.rendered(color: color) + "\n" }.joined()
  }

  private func line(
    _ cells: [String], _ widths: [Int], _ numeric: [Bool], _ ink: Ink
  ) -> StyledLine {
    var line = StyledLine()
    for (index, width) in widths.enumerated() {
      if index > 0 { line.append(Self.gap) }
      let text = DisplayText.cut(cells[index], to: width, unicode: unicode)
      line.append(DisplayText.padded(text, to: width, right: numeric[index]), ink)
    }
    return line
  }

  /// Whether a column holds at least one number and nothing else.
  private func isNumeric(_ column: Int) -> Bool {
    let cells = rows.lazy.map { $0[column] }.filter { !$0.isEmpty }
    return !cells.isEmpty && cells.allSatisfy(Self.isNumber)
  }

  private static func isNumber(_ text: String) -> Bool {
    if ["NaN", "+Inf", "-Inf"].contains(text) { return true }
    // Double reads hexadecimal too, which is rather a name.
    return !text.contains { $0 == "x" || $0 == "X" } && Double(text)?.isFinite == true
  }

  /// The widths of the columns that are shown.
  ///
  /// Text is cut first, the widest column first; numbers are not, for a number that is cut reads
  /// as another one. Where that is not enough the last columns are left out.
  private func fittedWidths(_ numeric: [Bool]) -> [Int] {
    var widths = header.indices.map { column in
      rows.reduce(DisplayText.width(of: header[column])) {
        max($0, DisplayText.width(of: $1[column]))
      }
    }
    // Of what is wider than the table no more than the table can be shown.
    widths = widths.map { min($0, width) }
    let total = { (widths: [Int]) in
      widths.reduce(0, +) + Self.gap.count * max(0, widths.count - 1)
    }
    while total(widths) > width {
      let widest = widths.indices
        .filter { !numeric[$0] && widths[$0] > Self.leastWidth }
        .max { widths[$0] < widths[$1] }
      if let widest {
        widths[widest] -= 1
      } else if widths.count > 1 {
        widths.removeLast()
      } else {
        widths[0] = width
      }
    }
    return widths
  }
}

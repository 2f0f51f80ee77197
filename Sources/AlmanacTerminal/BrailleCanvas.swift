/// A grid of character cells, each of 2 x 4 braille dots; of one dot where only ASCII is to be used.
///
/// Dot (0, 0) is at the top left. What lies outside is not drawn.
struct BrailleCanvas {
  /// Cells across and down.
  let columns: Int
  let rows: Int
  /// Dots of one cell.
  let dotsAcross: Int
  let dotsDown: Int

  private struct Cell {
    var dots: UInt8 = 0
    var ink = Ink.plain
    /// A character that replaces the dots.
    var character: Character?
    /// The dots of a band, counted and as bits.
    var bandDots = 0
    var band: UInt8 = 0
  }

  private var cells: [Cell]
  private let color: Bool

  /// An empty canvas; with `color` bands are drawn as dots, for they can be told from lines.
  init(columns: Int, rows: Int, unicode: Bool, color: Bool) {
    self.color = color
    self.columns = columns
    self.rows = rows
    dotsAcross = unicode ? 2 : 1
    dotsDown = unicode ? 4 : 1
    cells = Array(repeating: Cell(), count: columns * rows)
  }

  /// Dots across and down on the whole canvas.
  var width: Int { columns * dotsAcross }
  var height: Int { rows * dotsDown }

  /// The bit of each dot in U+2800 + bits, by row and column in the cell.
  private static let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

  private func index(_ x: Int, _ y: Int) -> Int? {
    guard x >= 0, y >= 0, x < width, y < height else { return nil }
    return y / dotsDown * columns + x / dotsAcross
  }

  /// Sets one dot.
  mutating func set(_ x: Int, _ y: Int, _ ink: Ink) {
    guard let index = index(x, y) else { return }
    cells[index].dots |= Self.bits[y % dotsDown][x % dotsAcross]
    cells[index].ink = ink
  }

  /// Sets the dots between two dots, both included (Bresenham).
  mutating func segment(from a: (x: Int, y: Int), to b: (x: Int, y: Int), _ ink: Ink) {
    let dx = abs(b.x - a.x)
    let dy = abs(b.y - a.y)
    var (x, y) = a
    var error = dx - dy
    while true {
      set(x, y, ink)
      if x == b.x, y == b.y { return }
      let twice = 2 * error
      if twice > -dy {
        error -= dy
        x += a.x < b.x ? 1 : -1
      }
      if twice < dx {
        error += dx
        y += a.y < b.y ? 1 : -1
      }
    }
  }

  /// Shades the dots from `top` to `bottom` in the column of dots `x`.
  mutating func shade(_ x: Int, from top: Int, to bottom: Int) {
    let first = max(0, top)
    let last = min(bottom, height - 1)
    guard first <= last else { return }
    for y in first...last {
      guard let index = index(x, y) else { continue }
      cells[index].bandDots += 1
      // Every other dot: half as dense as a line.
      if (x + y) % 2 == 0 { cells[index].band |= Self.bits[y % dotsDown][x % dotsAcross] }
    }
  }

  /// Puts `character` into the cell of a dot; without `over` only where no dot is set.
  mutating func put(_ character: Character, atDot x: Int, _ y: Int, _ ink: Ink, over: Bool) {
    guard let index = index(x, y), over || cells[index].dots == 0 else { return }
    cells[index].character = character
    cells[index].ink = ink
  }

  /// Adds the cells of `row` to `line`.
  func append(row: Int, to line: inout StyledLine) {
    let unicode = dotsAcross > 1
    for cell in cells[row * columns..<(row + 1) * columns] {
      if let character = cell.character {
        line.append(String(character), cell.ink)
      } else if cell.dots != 0 {
        line.append(unicode ? Self.braille(cell.dots) : Self.letter(cell.ink), cell.ink)
      } else if unicode && color && cell.band != 0 {
        line.append(Self.braille(cell.band), .band)
      } else if !(unicode && color), cell.bandDots * 4 >= dotsAcross * dotsDown {
        line.append(unicode ? "░" : ":", .band)
      } else {
        line.append(" ")
      }
    }
  }

  private static func braille(_ dots: UInt8) -> String {
    Unicode.Scalar(0x2800 + UInt32(dots)).map { String(Character($0)) } ?? " "
  }

  /// What a line is drawn with in ASCII.
  static func letter(_ ink: Ink) -> String {
    guard case .line(let style) = ink else { return "." }
    switch style {
    case .history: return "*"
    case .forecast: return "+"
    case .series(let index): return ["*", "+", "x", "#", "%", "@"][Int(index.magnitude % 6)]
    }
  }
}

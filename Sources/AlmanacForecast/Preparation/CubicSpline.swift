/// The cubic spline through some points, not-a-knot at both ends (de Boor, 1978): two continuous
/// derivatives everywhere, three at the second and the last but one point.
///
/// Two points give a line, three a parabola.
struct CubicSpline {
  private let positions: [Double]
  private let values: [Double]
  /// First derivatives at the points.
  private let slopes: [Double]

  /// - Precondition: positions ascend, there are two or more, and as many values.
  init(through positions: [Double], _ values: [Double]) {
    precondition(
      positions.count >= 2 && positions.count == values.count, "BUG: a spline needs two points")
    self.positions = positions
    self.values = values
    let widths = zip(positions.dropFirst(), positions).map { $0 - $1 }
    let chords = widths.indices.map { (values[$0 + 1] - values[$0]) / widths[$0] }
    switch positions.count {
    case 2:
      slopes = [chords[0], chords[0]]
    case 3:
      let bend = (chords[1] - chords[0]) / (widths[0] + widths[1])
      slopes = [
        chords[0] - bend * widths[0], chords[0] + bend * widths[0],
        chords[1] + bend * widths[1],
      ]
    default:
      slopes = Self.slopes(widths, chords)
    }
  }

  /// Solves the tridiagonal equations of the slopes.
  private static func slopes(_ widths: [Double], _ chords: [Double]) -> [Double] {
    let last = widths.count
    var above = [Double](repeating: 0, count: last + 1)
    var right = above
    // Not-a-knot at the beginning: both first pieces are one cubic.
    let head = widths[0] + widths[1]
    var pivot = widths[1]
    above[0] = head / pivot
    right[0] =
      ((widths[0] + 2 * head) * widths[1] * chords[0] + widths[0] * widths[0] * chords[1])
      / head / pivot
    for index in 1..<last {
      let (before, after) = (widths[index - 1], widths[index])
      pivot = 2 * (before + after) - after * above[index - 1]
      above[index] = before / pivot
      right[index] =
        (3 * (after * chords[index - 1] + before * chords[index]) - after * right[index - 1])
        / pivot
    }
    let (w1, w2) = (widths[last - 1], widths[last - 2])
    let tail = w1 + w2
    pivot = w2 - tail * above[last - 1]
    right[last] =
      ((w1 * w1 * chords[last - 2] + (2 * tail + w1) * w2 * chords[last - 1]) / tail
        - tail * right[last - 1]) / pivot
    for index in stride(from: last - 1, through: 0, by: -1) {
      right[index] -= above[index] * right[index + 1]
    }
    return right
  }

  /// The value at `position`, in the piece that begins at the point `piece`.
  func value(at position: Double, piece: Int) -> Double {
    let width = positions[piece + 1] - positions[piece]
    let chord = (values[piece + 1] - values[piece]) / width
    let (before, after) = (slopes[piece], slopes[piece + 1])
    let cubic = (before + after - 2 * chord) / width
    let square = (chord - before) / width - cubic
    let x = position - positions[piece]
    return values[piece] + x * (before + x * (square + x * cubic / width))
  }
}

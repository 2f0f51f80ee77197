/// Which predictors of a column are worth a closer look, by the bit lengths of what they leave.
///
/// Of long columns only four pieces are looked at.
struct RoughBits {
  /// Predictors within three eighths of a bit a number of the best.
  private(set) var candidates: [(kind: ColumnHead.Predictor, level: Int)] = []

  private static let pieces = 4
  private static let pieceCount = 256
  /// Fewer numbers do not pay for a level.
  private static let smoothedCount = 32

  private let numbers: UnsafePointer<Int64>
  private let count: Int

  /// The candidates for `count` numbers, at least one.
  init(_ numbers: UnsafePointer<Int64>, count: Int) {
    self.numbers = numbers
    self.count = count
    let middle = numbers[count / 2]
    // Counters climb: their steps are small only beside the mean one.
    let slope = (numbers[count - 1] &- numbers[0]) / Int64(max(1, count - 1))
    var (none, last, climb, line) = (0, 0, 0, 0)
    var (turns, moves, seen) = (0, 0, 0)
    forEachPiece { piece in
      seen += piece.count
      var previous = piece[0]
      var previousDelta: Int64 = 0
      for number in piece {
        let delta = number &- previous
        none &+= Self.bits(number &- middle)
        last &+= Self.bits(delta)
        climb &+= Self.bits(delta &- slope)
        line &+= Self.bits(delta &- previousDelta)
        let isMove = delta != 0 && previousDelta != 0
        moves &+= isMove ? 1 : 0
        turns &+= isMove && (delta ^ previousDelta) < 0 ? 1 : 0
        previous = number
        previousDelta = delta
      }
    }
    var all: [(ColumnHead.Predictor, Int, Int)] = [(.last, 0, min(last, climb))]
    if count > 1 { all.append((.none, 0, none)) }
    if count > 2 { all.append((.line, 0, line)) }
    // A walk turns at half of its moves, noise at two of three.
    if count >= Self.smoothedCount, turns * 100 > moves * 56, turns * 8 > seen {
      let (level, bits) = smoothed()
      all.append((.smoothed, level, bits))
    }
    let least = all.reduce(Int.max) { min($0, $1.2) }
    for (kind, level, bits) in all where bits <= least + seen * 3 / 8 + 8 {
      candidates.append((kind, level))
    }
  }

  private func forEachPiece(_ body: (UnsafeBufferPointer<Int64>) -> Void) {
    guard count > Self.pieces * Self.pieceCount else {
      return body(UnsafeBufferPointer(start: numbers, count: count))
    }
    for piece in 0..<Self.pieces {
      let start = (count - Self.pieceCount) * piece / (Self.pieces - 1)
      body(UnsafeBufferPointer(start: numbers + start, count: Self.pieceCount))
    }
  }

  @inline(__always)
  private static func bits(_ residual: Int64) -> Int {
    64 &- residual.zigzag.leadingZeroBitCount
  }

  /// The best level of the smoothed mean, and the bit lengths of what it leaves.
  private func smoothed() -> (level: Int, bits: Int) {
    var best = (level: 0, bits: Int.max)
    for level in 1...SmoothedMean.levels {
      let bits = smoothed(level: level)
      // Past the best level it only gets worse.
      guard bits < best.bits else { break }
      best = (level, bits)
    }
    return best
  }

  private func smoothed(level: Int) -> Int {
    var bits = 0
    forEachPiece { piece in
      var mean = SmoothedMean(level: level)
      let first = piece[0]
      for number in piece {
        let residual = number &- first &- mean.value
        bits &+= Self.bits(residual)
        mean.add(residual)
      }
    }
    return bits
  }
}

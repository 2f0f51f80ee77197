/// Where residuals lie and how far they are from there, rare far ones left out.
struct ResidualSpread {
  let minimum: Int64
  let maximum: Int64
  /// What to subtract so that symbols are centred at zero.
  let offset: Int64
  /// The shift that makes symbols fit the last scales of the fixed tables.
  let shift: Int
  /// The mean absolute deviation of symbols, in 1/256.
  let deviation: UInt64

  private static let sampleCount = 33
  /// Symbols deviate by less than this, in 1/256: a standard deviation of 8.7 where they are normal.
  private static let symbolDeviation: UInt64 = 1777
  /// Residuals beyond so many median deviations do not count.
  private static let reach: Int64 = 16

  /// The spread of `count` residuals, at least one.
  init(_ residuals: UnsafePointer<Int64>, count: Int) {
    var (minimum, maximum) = (residuals[0], residuals[0])
    for index in 1..<max(1, count) {
      minimum = min(minimum, residuals[index])
      maximum = max(maximum, residuals[index])
    }
    self.minimum = minimum
    self.maximum = maximum
    (offset, shift, deviation) = withUnsafeTemporaryAllocation(
      of: Int64.self, capacity: Self.sampleCount
    ) { sample in
      let taken = min(count, Self.sampleCount)
      for place in 0..<taken { sample[place] = residuals[place &* count / taken] }
      let middle = Self.median(sample, count: taken)
      for place in 0..<taken { sample[place] = Self.distance(sample[place], middle) }
      let near = Self.median(sample, count: taken)
      return Self.center(residuals, count: count, middle: middle, near: near)
    }
  }

  private static func distance(_ a: Int64, _ b: Int64) -> Int64 {
    Int64(clamping: (a &- b).magnitude)
  }

  /// Sorts `count` numbers and gives the middle one.
  private static func median(_ numbers: UnsafeMutableBufferPointer<Int64>, count: Int) -> Int64 {
    for end in 1..<max(1, count) {
      let number = numbers[end]
      var place = end
      while place > 0, numbers[place &- 1] > number {
        numbers[place] = numbers[place &- 1]
        place &-= 1
      }
      numbers[place] = number
    }
    return numbers[count / 2]
  }

  private static func center(
    _ residuals: UnsafePointer<Int64>, count: Int, middle: Int64, near: Int64
  ) -> (offset: Int64, shift: Int, deviation: UInt64) {
    // Wide distances are summed without their last bits: 8,192 below 2^40, in 1/256, do not overflow.
    let coarse = max(0, 64 - near.leadingZeroBitCount - 36)
    let limit = reach * max(1, near >> coarse)
    var (sum, distances, counted) = (0 as Int64, 0 as Int64, 0 as Int64)
    for index in 0..<count {
      let difference = (residuals[index] &- middle) &>> Int64(coarse)
      let isNear = difference > 0 &- limit && difference < limit
      let part = isNear ? difference : 0
      sum &+= part
      distances &+= abs(part)
      counted &+= isNear ? 1 : 0
    }
    counted = max(1, counted)
    let change = (2 * sum + (sum < 0 ? -counted : counted)) / (2 * counted)
    let mean = near == 0 ? middle : middle &+ change << coarse
    let deviation = UInt64(distances) << 8 / UInt64(counted)
    var finer = 0
    while deviation >> UInt64(finer) >= symbolDeviation { finer += 1 }
    let shift = min(ColumnHead.maximumShift, coarse + finer)
    // An offset far smaller than the spread saves less than the bytes it takes.
    let ratio = Double(mean) * 256 / (Double(deviation) * Double(UInt64(1) << UInt64(coarse)))
    let isWorth = !(ratio * ratio * Double(count) <= 35)
    return (isWorth ? mean : 0, shift, deviation >> UInt64(shift - coarse))
  }
}

/// Values as integers: decimals n / 10^k where the division gives the same bits, or the bits.
enum Decimals {
  /// The largest k.
  static let maximumExponent = 12
  /// Numbers n are below this; adding 1.5 * 2^52 rounds them.
  private static let bound = 0x1p51
  private static let rounding = 0x1.8p52

  /// 10^k, exact.
  static func power(_ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  /// The integer n with the bits of n / `power` those of `value`, or nil.
  @inline(__always)
  private static func number(_ value: Double, power: Double) -> Int64? {
    let scaled = value * power
    // Also false for NaN.
    guard abs(scaled) < bound else { return nil }
    let number =
      Int64(bitPattern: (scaled + rounding).bitPattern) &- Int64(bitPattern: rounding.bitPattern)
    return (Double(number) / power).bitPattern == value.bitPattern ? number : nil
  }

  /// Fills `numbers` and gives k and how many values are none; nil where most are no decimals.
  ///
  /// A value that is none gets the number before it.
  static func scale(
    _ values: UnsafeBufferPointer<Double>, into numbers: UnsafeMutablePointer<Int64>
  ) -> (exponent: Int, exceptions: Int)? {
    var exponent = 0
    restart: while true {
      let power = power(exponent)
      var exceptions = 0
      var strangers = 0
      var previous: Int64 = 0
      for index in values.indices {
        if let number = number(values[index], power: power) {
          previous = number
        } else if let next = smallestExponent(values[index], above: exponent) {
          exponent = next
          continue restart
        } else {
          exceptions += 1
          // NaN, infinities and -0 come in runs; fractions that are no decimals do not.
          if values[index].isFinite, values[index] != 0 { strangers += 1 }
          if strangers > 1 + values.count / 32 { return nil }
        }
        numbers[index] = previous
      }
      fillBeginning(values, numbers, power: power)
      return (exponent, exceptions)
    }
  }

  private static func smallestExponent(_ value: Double, above exponent: Int) -> Int? {
    guard value.isFinite, exponent < maximumExponent else { return nil }
    return (exponent + 1...maximumExponent).first { number(value, power: power($0)) != nil }
  }

  /// Gives exceptions at the beginning the first number after them.
  private static func fillBeginning(
    _ values: UnsafeBufferPointer<Double>, _ numbers: UnsafeMutablePointer<Int64>, power: Double
  ) {
    guard let index = values.firstIndex(where: { number($0, power: power) != nil }) else { return }
    numbers.update(repeating: numbers[index], count: index)
  }

  /// Replaces the `count` integers by n / 10^k, as bits.
  static func unscale(_ numbers: UnsafeMutablePointer<Int64>, count: Int, exponent: Int) {
    guard exponent > 0 else {
      for index in 0..<count {
        numbers[index] = Int64(bitPattern: Double(numbers[index]).bitPattern)
      }
      return
    }
    let power = power(exponent)
    for index in 0..<count {
      numbers[index] = Int64(bitPattern: (Double(numbers[index]) / power).bitPattern)
    }
  }

  /// The bits of a double as an integer that grows with it, and back.
  @inline(__always)
  static func ordered(_ bits: Int64) -> Int64 { bits ^ (bits &>> 63 & Int64.max) }
}

/// Values that are no decimals, with their places, in a chunk where the others are.
///
/// Runs of equal bits: how many; for each the gap to the run before, doubled, plus 1 where the bits
/// are the same as there; the length less 1; else the 8 bytes of the value.
enum Exceptions {
  /// Appends the values whose bits are not those of the number at their place.
  static func write(
    _ values: UnsafeBufferPointer<Double>, numbers: UnsafePointer<Int64>, exponent: Int,
    into bytes: inout [UInt8]
  ) {
    let power = Decimals.power(exponent)
    var runs: [(start: Int, end: Int, bits: UInt64)] = []
    for index in values.indices {
      let bits = values[index].bitPattern
      guard bits != (Double(numbers[index]) / power).bitPattern else { continue }
      if let last = runs.last, last.end == index, last.bits == bits {
        runs[runs.count - 1].end += 1
      } else {
        runs.append((index, index + 1, bits))
      }
    }
    bytes.append(varint: UInt64(runs.count))
    var end = 0
    var previous: UInt64?
    for run in runs {
      bytes.append(varint: UInt64(run.start - end) << 1 | (run.bits == previous ? 1 : 0))
      bytes.append(varint: UInt64(run.end - run.start - 1))
      if run.bits != previous { bytes.append(littleEndian: run.bits) }
      end = run.end
      previous = run.bits
    }
  }

  /// Goes past exceptions of a chunk of `count` samples; lays them over `values` where given.
  static func read(
    from reader: inout ByteReader, count: Int, into values: UnsafeMutablePointer<Int64>?
  ) throws(CodecError) {
    let runs = try reader.count(limit: count)
    var index = 0
    var bits: Int64 = 0
    for _ in 0..<runs {
      let head = try reader.count(limit: 2 * count + 1)
      let length = try reader.count(limit: count) + 1
      if head & 1 == 0 { bits = Int64(bitPattern: try reader.littleEndian(8)) }
      index += head >> 1
      guard index + length <= count else {
        throw CodecError(.malformed, "chunk exception at sample \(index) of \(count)")
      }
      values.map { ($0 + index).update(repeating: bits, count: length) }
      index += length
    }
  }
}

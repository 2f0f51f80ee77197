internal import AlmanacCore

/// Summaries of the hours of a chunk of decimals, in few bytes.
///
/// Per hour: where times are not regular, the hours skipped and the samples less 1; the change of
/// the minimum n; maximum less minimum; where they differ the sum of the n less count times the
/// minimum; where any hour needs it, the distance of the compensated sum from (sum of the n) / 10^k, in steps between
/// neighbouring doubles.
enum HourTable {
  /// Fewer samples an hour than this on average are as fast to read themselves.
  static let samplesPerHour = 120
  /// Sums of 8,192 numbers below this fit.
  private static let bound: Int64 = 1 << 49

  private struct Hour {
    var index: Int64
    var count: Int
    var minimum: Int64
    var maximum: Int64
    var sum: Int64
    var error: Int64
  }

  /// The number of the hour that holds `time`; `end(_:)` is its end.
  private static func index(holding time: Int64) -> Int64 {
    let (quotient, remainder) = time.quotientAndRemainder(dividingBy: Resolution.hour.length)
    return remainder > 0 ? quotient + 1 : quotient
  }

  private static func end(_ index: Int64) -> Int64 {
    let (end, overflow) = index.multipliedReportingOverflow(by: Resolution.hour.length)
    return overflow ? .max : end
  }

  // MARK: Write

  /// Appends the table, or nothing where the chunk should have none.
  static func write(
    _ times: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>,
    numbers: UnsafePointer<Int64>, exponent: Int, isRegular: Bool, into bytes: inout [UInt8]
  ) {
    let hours = index(holding: times[times.count - 1]) - index(holding: times[0]) + 1
    guard times.count >= samplesPerHour, !isRegular || hours <= times.count / samplesPerHour,
      let table = table(times, values: values, numbers: numbers, exponent: exponent)
    else { return }
    let hasErrors = table.contains { $0.error != 0 }
    var body: [UInt8] = []
    body.append(varint: UInt64(table.count) << 1 | (hasErrors ? 1 : 0))
    var previous = table[0]
    for hour in table {
      if !isRegular {
        body.append(varint: UInt64(max(0, hour.index - previous.index - 1)))
        body.append(varint: UInt64(hour.count - 1))
      }
      let change = hour.index == table[0].index ? hour.minimum : hour.minimum - previous.minimum
      body.append(signed: change)
      body.append(varint: UInt64(hour.maximum - hour.minimum))
      if hour.maximum > hour.minimum {
        body.append(varint: UInt64(hour.sum - Int64(hour.count) * hour.minimum))
      }
      if hasErrors { body.append(signed: hour.error) }
      previous = hour
    }
    bytes.append(varint: UInt64(body.count))
    bytes += body
  }

  /// The hours, or nil where they are too many or their sums too large.
  private static func table(
    _ times: UnsafeBufferPointer<Int64>, values: UnsafeBufferPointer<Double>,
    numbers: UnsafePointer<Int64>, exponent: Int
  ) -> [Hour]? {
    let power = Decimals.power(exponent)
    var hours: [Hour] = []
    var start = 0
    while start < times.count {
      let hour = index(holding: times[start])
      let end = end(hour)
      var sum = CompensatedSum()
      var (minimum, maximum, total) = (numbers[start], numbers[start], 0 as Int64)
      var next = start
      while next < times.count, times[next] <= end {
        sum.add(values[next])
        minimum = min(minimum, numbers[next])
        maximum = max(maximum, numbers[next])
        total &+= numbers[next]
        next &+= 1
      }
      guard minimum > -bound, maximum < bound, (hours.count + 1) * samplesPerHour <= times.count
      else { return nil }
      hours.append(
        Hour(
          index: hour, count: next - start, minimum: minimum, maximum: maximum, sum: total,
          error: steps(from: Double(total) / power, to: sum.value)))
      start = next
    }
    return hours
  }

  private static func steps(from a: Double, to b: Double) -> Int64 {
    Decimals.ordered(Int64(bitPattern: b.bitPattern))
      &- Decimals.ordered(Int64(bitPattern: a.bitPattern))
  }

  // MARK: Read

  /// Reads the table of a chunk of `count` decimals.
  static func read(
    from reader: inout ByteReader, clock: Clock, count: Int, exponent: Int
  ) throws(CodecError) -> [Summary] {
    _ = try reader.varint()
    let head = try reader.count(limit: 2 * count + 1)
    let power = Decimals.power(exponent)
    var hours: [Summary] = []
    hours.reserveCapacity(head >> 1)
    var left = count
    var hour = index(holding: clock.first)
    var minimum: Int64 = 0
    for place in 0..<head >> 1 {
      var samples = 0
      if clock.isRegular {
        guard left > 0 else { break }
        let start = clock.time(of: count - left)
        hour = index(holding: start)
        let span = UInt64(bitPattern: end(hour) &- start)
        samples = count > 1 ? Int(min(UInt64(left - 1), span / clock.pace)) + 1 : 1
      } else {
        let skipped = try reader.count(limit: Int(Int32.max))
        hour += Int64(place == 0 ? 0 : skipped + 1)
        samples = try reader.count(limit: count) + 1
      }
      left -= samples
      minimum &+= try reader.signed()
      let maximum = minimum &+ Int64(bitPattern: try reader.varint())
      let above = maximum == minimum ? 0 : Int64(bitPattern: try reader.varint())
      let total = Int64(samples) &* minimum &+ above
      let error = head & 1 == 1 ? try reader.signed() : 0
      let sum = Decimals.ordered(Int64(bitPattern: (Double(total) / power).bitPattern)) &+ error
      hours.append(
        Summary(
          end: end(hour), count: samples, minimum: Double(minimum) / power,
          maximum: Double(maximum) / power,
          sum: Double(bitPattern: UInt64(bitPattern: Decimals.ordered(sum)))))
    }
    guard left == 0, hours.count == head >> 1 else {
      throw CodecError(.malformed, "chunk hours hold \(count - left) samples of \(count)")
    }
    return hours
  }
}

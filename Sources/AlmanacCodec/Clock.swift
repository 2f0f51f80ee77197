internal import AlmanacCore

/// The times of a chunk: all that a header needs without their column.
///
/// Regular times that are multiples of a usual step since 2020 take a few bytes; others are
/// multiples of 10^e ns, and where they are not regular their distances from a regular grid are a
/// column of integers.
struct Clock {
  /// The number of a clock that stands in bytes of its own.
  static let custom = 15
  /// 2020-01-01T00:00:00Z.
  private static let origin: Int64 = 1_577_836_800_000_000_000
  private static let second: UInt64 = 1_000_000_000
  private static let isCoded: UInt8 = 32
  private static let largestExponent: UInt8 = 18

  /// Usual steps in tenths of a second, and the bytes of the number of steps since `origin`.
  private static let usual: [(tenths: UInt64, size: Int)] = [
    (1, 5), (10, 4), (20, 4), (50, 4), (100, 4), (150, 4), (200, 4), (300, 3), (600, 3), (1200, 3),
    (3000, 3), (6000, 3), (9000, 3), (18_000, 3), (36_000, 3),
  ]

  let first: Int64
  let last: Int64
  /// Nanoseconds that distances are multiples of.
  let unit: UInt64
  /// Units from one sample to the next.
  let step: UInt64
  /// The column of distances from the grid, with its end, where times are not regular.
  let column: (head: ColumnHead, reader: ByteReader)?

  var isRegular: Bool { column == nil }
  /// Nanoseconds from one sample to the next where times are regular.
  var pace: UInt64 { step &* unit }

  /// The time of the sample at `index` where times are regular.
  func time(of index: Int) -> Int64 { first &+ Int64(bitPattern: pace &* UInt64(index)) }

  // MARK: Write

  /// Appends the clock to `bytes`; gives its number and whether times are regular.
  ///
  /// `scratch` has room for as many numbers as there are times.
  static func write(
    _ times: UnsafeBufferPointer<Int64>, scratch: UnsafeMutablePointer<Int64>,
    encoder: inout ColumnEncoder, into bytes: inout [UInt8]
  ) -> (number: Int, isRegular: Bool) {
    let count = times.count
    let first = times[0]
    let step = count > 1 ? distance(first, times[1]) : 0
    guard isRegular(times, step: step) else {
      writeColumn(times, scratch: scratch, encoder: &encoder, into: &bytes)
      return (custom, false)
    }
    if let clock = usualClock(first: first, step: step, count: count) {
      let steps = distance(origin, first) / (usual[clock].tenths * (second / 10))
      for index in 0..<usual[clock].size {
        bytes.append(UInt8(truncatingIfNeeded: steps >> UInt64(8 * index)))
      }
      return (clock, true)
    }
    var exponent = largestExponent
    var unit = power(exponent)
    while first % Int64(unit) != 0 || step % unit != 0 {
      exponent -= 1
      unit /= 10
    }
    bytes.append(exponent)
    bytes.append(signed: first / Int64(unit))
    if count > 1 { bytes.append(varint: step / unit) }
    return (custom, true)
  }

  /// `b` - `a` where it is not negative.
  private static func distance(_ a: Int64, _ b: Int64) -> UInt64 { UInt64(bitPattern: b &- a) }

  private static func power(_ exponent: UInt8) -> UInt64 {
    (0..<exponent).reduce(1) { power, _ in power * 10 }
  }

  private static func isRegular(_ times: UnsafeBufferPointer<Int64>, step: UInt64) -> Bool {
    var differences: UInt64 = 0
    for index in 1..<max(1, times.count) {
      differences |= distance(times[index &- 1], times[index]) ^ step
    }
    return differences == 0
  }

  private static func usualClock(first: Int64, step: UInt64, count: Int) -> Int? {
    guard first >= origin else { return nil }
    let start = distance(origin, first)
    return usual.indices.last { index in
      let nanoseconds = usual[index].tenths * (second / 10)
      return (count == 1 || nanoseconds == step) && start % nanoseconds == 0
        && (start / nanoseconds) >> UInt64(8 * usual[index].size) == 0
    }
  }

  private static func writeColumn(
    _ times: UnsafeBufferPointer<Int64>, scratch: UnsafeMutablePointer<Int64>,
    encoder: inout ColumnEncoder, into bytes: inout [UInt8]
  ) {
    let count = times.count
    let first = times[0]
    let exponent = divide(times, into: scratch)
    let unit = power(exponent)
    let span = UInt64(bitPattern: scratch[count - 1])
    let intervals = UInt64(count - 1)
    let step = span / intervals + (span % intervals * 2 >= intervals ? 1 : 0)
    for index in 0..<count {
      scratch[index] &-= Int64(bitPattern: step &* UInt64(index))
    }
    bytes.append(exponent | isCoded)
    bytes.append(signed: first / Int64(unit))
    bytes.append(varint: step)
    bytes.append(varint: span)
    let plan = encoder.plan(scratch, count: count)
    var column: [UInt8] = []
    column.append(littleEndian: plan.head.code << 4 | UInt16(plan.head.extras.rawValue))
    encoder.write(plan, scratch, count: count, into: &column)
    bytes.append(varint: UInt64(column.count))
    bytes += column
  }

  /// Fills `units` with the distances from the first time in the largest unit that divides all
  /// times, 10^e ns, and gives e.
  private static func divide(
    _ times: UnsafeBufferPointer<Int64>, into units: UnsafeMutablePointer<Int64>
  ) -> UInt8 {
    var exponent = largestExponent
    var unit = power(exponent)
    var inverse = 1 / Double(unit)
    var index = 0
    while index < times.count {
      let nanoseconds = distance(times[0], times[index])
      // Below 2^50 a double finds an exact quotient; the product says whether it is one.
      let quotient =
        nanoseconds >> 50 == 0
        ? UInt64(bitPattern: Int64(Double(Int64(bitPattern: nanoseconds)) * inverse + 0.5))
        : nanoseconds / unit
      guard quotient &* unit == nanoseconds, index > 0 || times[0] % Int64(unit) == 0 else {
        exponent -= 1
        unit /= 10
        inverse = 1 / Double(unit)
        index = 0
        continue
      }
      units[index] = Int64(bitPattern: quotient)
      index &+= 1
    }
    return exponent
  }

  // MARK: Read

  /// Reads the clock with `number` of a chunk of `count` samples, and goes past it.
  init(_ number: Int, count: Int, from reader: inout ByteReader) throws(CodecError) {
    let intervals = UInt64(count - 1)
    if number < Self.custom {
      let (tenths, size) = Self.usual[number]
      unit = Self.second / 10
      step = tenths
      // At most 40 bits of at most 3,600 s: no overflow.
      let start = try reader.littleEndian(size)
      first = try Self.time(Self.origin, after: start, of: step * unit)
      last = try Self.time(first, after: intervals, of: step * unit)
      column = nil
      return
    }
    let shape = try reader.byte()
    let exponent = shape & 31
    guard exponent <= Self.largestExponent, shape >> 6 == 0 else {
      throw CodecError(.malformed, "chunk clock of shape \(shape)")
    }
    unit = Self.power(exponent)
    let (start, overflow) = (try reader.signed()).multipliedReportingOverflow(by: Int64(unit))
    guard !overflow else { throw CodecError(.malformed, "chunk times out of range") }
    first = start
    step = count > 1 ? try reader.varint() : 0
    guard shape & Self.isCoded != 0 else {
      let (pace, overflow) = step.multipliedReportingOverflow(by: unit)
      guard !overflow, count == 1 || pace > 0 else {
        throw CodecError(.malformed, "chunk times out of range")
      }
      last = try Self.time(first, after: intervals, of: pace)
      column = nil
      return
    }
    last = try Self.time(first, after: try reader.varint(), of: unit)
    let size = try reader.count(limit: reader.left)
    var inner = ByteReader(
      base: reader.base, position: reader.position, end: reader.position + size)
    try reader.skip(size)
    let code = UInt16(try inner.littleEndian(2))
    column = (try ColumnHead(code: code >> 4, extras: UInt8(code & 15)), inner)
  }

  /// The time `count` times `step` ns after `start`.
  private static func time(
    _ start: Int64, after count: UInt64, of step: UInt64
  ) throws(CodecError) -> Int64 {
    let (distance, overflow) = count.multipliedReportingOverflow(by: step)
    let time = start &+ Int64(bitPattern: distance)
    guard !overflow, distance <= UInt64(bitPattern: Int64.max &- start) else {
      throw CodecError(.malformed, "chunk times out of range")
    }
    return time
  }

  /// Which of `count` samples lie inside `range`, where times are regular.
  func indices(inside range: TimeRange, count: Int) -> Range<Int> {
    let (start, end) = (range.start.nanoseconds, range.end.nanoseconds)
    guard start <= last, first <= end, start <= end else { return 0..<0 }
    // With one sample neither divides.
    var lower = 0
    if start > first {
      let distance = Self.distance(first, start)
      lower = Int(distance / pace) + (distance % pace > 0 ? 1 : 0)
    }
    let upper = end >= last ? count : Int(Self.distance(first, end) / pace) + 1
    return lower..<max(lower, upper)
  }

  /// Fills `times` with those of the samples inside `range` among `count`, which ascend, each at its
  /// position, and gives these; elsewhere it may write others.
  func decode(
    inside range: TimeRange, into times: UnsafeMutablePointer<Int64>, count: Int,
    decoder: inout ColumnDecoder
  ) throws(CodecError) -> Range<Int> {
    guard isRegular else {
      try decode(into: times, count: count, decoder: &decoder)
      let lower = (0..<count).partitionPoint { times[$0] >= range.start.nanoseconds }
      let upper = (lower..<count).partitionPoint { times[$0] > range.end.nanoseconds }
      return lower..<upper
    }
    let wanted = indices(inside: range, count: count)
    let pace = Int64(bitPattern: pace)
    var time = first &+ pace &* Int64(wanted.lowerBound)
    for index in wanted {
      times[index] = time
      time &+= pace
    }
    return wanted
  }

  /// Fills `times` with `count` times; they ascend.
  func decode(
    into times: UnsafeMutablePointer<Int64>, count: Int, decoder: inout ColumnDecoder
  ) throws(CodecError) {
    guard let column else {
      let pace = Int64(bitPattern: step &* unit)
      for index in 0..<count { times[index] = first &+ pace &* Int64(index) }
      return
    }
    var reader = column.reader
    try decoder.decode(column.head, from: &reader, count: count, into: times)
    let pace = Int64(bitPattern: step)
    let unit = Int64(bitPattern: unit)
    var isAscending = true
    var previous = first
    for index in 0..<count {
      let time = first &+ (times[index] &+ pace &* Int64(index)) &* unit
      isAscending = isAscending && (index == 0 || time > previous)
      times[index] = time
      previous = time
    }
    guard isAscending, reader.left == 0, times[0] == first, previous == last else {
      throw CodecError(.malformed, "chunk times do not ascend from the first to the last")
    }
  }
}

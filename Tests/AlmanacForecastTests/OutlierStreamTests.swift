import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast

@Suite("Outlier streams")
struct OutlierStreamTests {
  /// A series with a rhythm, noise, gaps, spikes and a level shift; now and then whole numbers.
  static func signal(
    _ count: Int, day: Int, using chance: inout SeededGenerator
  ) -> [Double] {
    let height = Double.random(in: 0...20, using: &chance)
    let shift = Int.random(in: 0..<count, using: &chance)
    let rounds = Bool.random(using: &chance)
    var noise = 0.0
    var values = (0..<count).map { index -> Double in
      noise = 0.5 * noise + Double.random(in: -1...1, using: &chance)
      let hour = Double(index % day) / Double(day)
      var value = 50 + height * (hour < 0.3 ? 0 : 1 - abs(hour - 0.6)) + 2 * noise
      if index >= shift { value += 15 }
      if Int.random(in: 0..<200, using: &chance) == 0 { value += 30 }
      if Int.random(in: 0..<30, using: &chance) == 0 { return .nan }
      return rounds ? value.rounded() : value
    }
    for _ in 0..<3 {
      let start = Int.random(in: 0..<count, using: &chance)
      let end = min(count, start + Int.random(in: 1..<day, using: &chance))
      for index in start..<end { values[index] = .nan }
    }
    values[0] = 50
    return values
  }

  static func options(
    _ method: OutlierMethod, day: Int, using chance: inout SeededGenerator
  ) -> OutlierOptions {
    var options = OutlierOptions(samplesPerDay: day)
    options.method = method
    options.gridOffset = Int.random(in: -1000...1000, using: &chance)
    options.historyDays = Double(Int.random(in: 2...7, using: &chance))
    options.minimumRun = Int.random(in: 1...3, using: &chance)
    options.direction = OutlierDirection.allCases.randomElement(using: &chance) ?? .both
    return options
  }

  /// To the bit, and NaN is NaN.
  static func texts(_ samples: [JudgedSample]) -> [String] { samples.map { "\($0)" } }

  static func series(_ values: [Double]) -> RegularSeries {
    RegularSeries(start: Timestamp(nanoseconds: 0), step: .minutes(1), values: values)
  }

  @Test(
    "a stream says what the detector says of the whole series, across late samples and its bytes",
    arguments: [
      (OutlierMethod.auto, 96), (.auto, 24), (.auto, 300), (.residual, 144), (.mad, 96),
      (.iqr, 96), (.esd, 48),
    ], 1...4)
  func sameAsBatch(_ kind: (method: OutlierMethod, day: Int), seed: Int) throws {
    var chance = SeededGenerator(seed: UInt64(seed))
    let day = kind.day
    var values = Self.signal(day * (day > 200 ? 8 : 14), day: day, using: &chance)
    let options = Self.options(kind.method, day: day, using: &chance)
    let detector = OutlierDetector(options: options)
    var stream: OutlierStream?
    var now = Int.random(in: 1..<values.count, using: &chance)
    var changed = Int.max
    for _ in 0..<60 {
      while now < values.count, values[now - 1].isNaN { now += 1 }
      guard now <= values.count, !values[now - 1].isNaN else { break }
      let seen = Array(values[..<now])
      let from = max(0, now - Int.random(in: 1...day, using: &chance))
      let whole = try detector.judge(seen, from: from)
      var answer: [JudgedSample]?
      if var current = stream {
        // What may have changed, and some samples before it.
        let first = min(changed, current.count)
        let block = Bool.random(using: &chance) ? 0 : day / 4 + 1
        let index = max(0, first - Int.random(in: 0...20, using: &chance) - block)
        if index < now,
          let advanced = current.advance(Array(seen[index...]), at: index, changed: changed)
        {
          answer = advanced.samples
          #expect(
            Self.texts(advanced.samples.filter { $0.index >= from })
              == Self.texts(whole.filter { $0.index >= advanced.from }), "at \(now)")
          stream = current
        }
      }
      if answer == nil {
        let start = try OutlierStream.begin(
          Self.series(seen), from: from, options: options, known: stream)
        #expect(Self.texts(start.samples) == Self.texts(whole), "at \(now), from \(from)")
        stream = start.stream
      }
      changed = .max
      if let current = stream, Int.random(in: 0..<6, using: &chance) == 0 {
        let copy = try OutlierStream(encoded: current.encoded())
        #expect(copy.agrees(with: Self.series(seen)))
        #expect(copy.encoded() == current.encoded())
        stream = copy
      }
      if Int.random(in: 0..<4, using: &chance) == 0 {
        // A late sample, or one that is deleted.
        let far = Int.random(in: 0..<3, using: &chance) == 0 ? now : min(now, 40)
        changed = now - 1 - Int.random(in: 0..<far, using: &chance)
        if changed > 0 { values[changed] = Bool.random(using: &chance) ? .nan : 70 }
      }
      now += Int.random(in: 1...(Bool.random(using: &chance) ? 3 : day / 3), using: &chance)
    }
  }

  @Test(
    "a stream goes through a push, its way back and a change of the clock as the detector does",
    arguments: [OutlierMethod.auto, .mad])
  func adjustments(_ method: OutlierMethod) throws {
    let day = 96
    let values = OutlierSignals.noise(38 * day).indices.map { index -> Double in
      let moved = index + (index >= 33 * day + 8 ? day / 24 : 0)
      let work = (moved % day) > 32 && (moved % day) < 72 ? 30.0 : 0
      let push = (28 * day + 60..<30 * day + 20).contains(index) ? 20.0 : 0
      return 50 + work + push + OutlierSignals.noise(1, seed: UInt64(index))[0]
    }
    var options = OutlierOptions(samplesPerDay: day)
    options.method = method
    let detector = OutlierDetector(options: options)
    var stream: OutlierStream?
    for now in stride(from: 27 * day, to: values.count, by: day / 8) {
      let seen = Array(values[..<now])
      let start = try OutlierStream.begin(
        Self.series(seen), from: now - day / 8, options: options, known: stream)
      #expect(
        Self.texts(start.samples) == Self.texts(try detector.judge(seen, from: now - day / 8)))
      #expect(start.refits <= 1 || now == 27 * day)
      let next = try #require(start.stream)
      stream = try OutlierStream(encoded: next.encoded())
      #expect(stream?.encoded() == next.encoded())
    }
    let found = try #require(stream).refits.compactMap(\.adjustment)
    let levels = found.compactMap { if case .level(let since, _) = $0 { since } else { nil } }
    let clocks = found.compactMap { if case .clock(_, let by) = $0 { by } else { nil } }
    #expect(levels == [28 * day + 60, 30 * day + 20])
    #expect(clocks == [day / 24])
  }

  @Test("bytes that are cut off or changed are refused")
  func damage() throws {
    var chance = SeededGenerator(seed: 5)
    let values = Self.signal(5 * 48, day: 48, using: &chance)
    let options = OutlierOptions(samplesPerDay: 48)
    let stream = try #require(
      try OutlierStream.begin(Self.series(values), from: 200, options: options).stream)
    let bytes = stream.encoded()
    for count in 0..<bytes.count {
      #expect(throws: ForecastError.self) { try OutlierStream(encoded: Array(bytes[..<count])) }
    }
    for index in bytes.indices {
      var wrong = bytes
      wrong[index] ^= 1 << UInt8(index % 8)
      #expect(throws: ForecastError.self) { try OutlierStream(encoded: wrong) }
    }
  }

  @Test("a step to the next sample fits nothing anew, and a past that changed only what follows")
  func refits() throws {
    var chance = SeededGenerator(seed: 6)
    var values = Self.signal(12 * 96, day: 96, using: &chance).map { $0.isNaN ? 50 : $0 }
    let options = OutlierOptions(samplesPerDay: 96)
    let first = try OutlierStream.begin(
      Self.series(Array(values[..<(11 * 96)])), from: 11 * 96 - 1, options: options)
    #expect(first.refits == 44)
    let second = try OutlierStream.begin(
      Self.series(values), from: 11 * 96, options: options, known: first.stream)
    #expect(second.refits == 4)
    values[10 * 96 + 3] += 1
    let third = try OutlierStream.begin(
      Self.series(values), from: 11 * 96, options: options, known: second.stream)
    #expect(third.refits == 7)
  }
}

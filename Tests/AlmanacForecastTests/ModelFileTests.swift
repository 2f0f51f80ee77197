import AlmanacCore
import Testing

@testable import AlmanacForecast

@Suite struct ModelFileTests {
  private func models() throws -> [ForecastModel] {
    let series = Series.hourly(days: 15)
    var prepared = ForecastOptions.small()
    prepared.preparation = [
      .interpolate(.next, maxGap: .hours(2)), .deseason(periods: [.days(1)]), .scale(.minmax),
    ]
    prepared.minimum = -3
    let constant = RegularSeries(start: Series.start, step: .minutes(1), values: [1, 1, 1])
    return [
      try ForecastModel.train(on: series, options: .small(.seq2seq)),
      try ForecastModel.train(on: series, options: prepared),
      try ForecastModel.train(on: series, options: .small(.holtWinters)),
      try ForecastModel.train(on: series, options: .small(.seasonalNaive)),
      try ForecastModel.train(on: series, options: .small(.linear)),
      try ForecastModel.train(on: constant, options: .small()),
    ]
  }

  @Test("a model reads back to the same bytes and forecasts the same bits")
  func roundTrip() throws {
    let hourly = Series.hourly(days: 15)
    for model in try models() {
      let bytes = model.encoded()
      let back = try ForecastModel(encoded: bytes)
      #expect(back.encoded() == bytes)
      #expect(back.kind == model.kind && back.seed == model.seed && back.step == model.step)
      #expect(back.trainedFrom == model.trainedFrom && back.trainedUntil == model.trainedUntil)
      #expect(back.fallbackReason == model.fallbackReason)
      #expect(back.holdout?.count == model.holdout?.count)
      let history =
        model.step == hourly.step
        ? hourly : RegularSeries(start: Series.start, step: model.step, values: [1, 1, 1])
      let curve = try model.predict(from: history, steps: 50, levels: [0.9, 0.99])
      #expect(try back.predict(from: history, steps: 50, levels: [0.9, 0.99]) == curve)
    }
  }

  @Test("a model cut off anywhere is refused")
  func truncations() throws {
    let bytes = try models()[4].encoded()
    for count in bytes.indices {
      #expect(throws: ForecastError.self) {
        try ForecastModel(encoded: Array(bytes[..<count]))
      }
    }
    #expect(throws: ForecastError.self) { try ForecastModel(encoded: bytes + [0]) }
    #expect(throws: ForecastError.self) { try ForecastModel(encoded: []) }
  }

  @Test("every flipped bit is noticed")
  func flips() throws {
    let bytes = try models()[5].encoded()
    for index in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[index] ^= 1 << bit
        #expect(throws: ForecastError.self) { try ForecastModel(encoded: damaged) }
      }
    }
  }

  @Test("bytes with a right checksum but wrong content throw or forecast, and never trap")
  func nonsense() throws {
    let series = Series.hourly(days: 5)
    var noise = Noise(seed: 5)
    var valid = 0
    for model in try models() {
      let bytes = model.encoded()
      for _ in 0..<120 {
        var damaged = bytes
        for _ in 0...noise.index(below: 3) {
          // Half of the hits go where counts, kinds and flags are.
          let range = noise.index(below: 2) == 0 ? min(400, bytes.count) : bytes.count
          damaged[noise.index(below: range)] = UInt8(truncatingIfNeeded: noise.nextBits() >> 40)
        }
        Self.seal(&damaged)
        guard let read = try? ForecastModel(encoded: damaged) else { continue }
        valid += 1
        let history = RegularSeries(start: series.start, step: read.step, values: series.values)
        _ = try? read.predict(from: history, steps: 30, levels: [0.5, 0.95])
      }
    }
    #expect(valid > 0)
  }

  /// Puts magic, version, length and checksum right.
  private static func seal(_ bytes: inout [UInt8]) {
    bytes = ModelFile.frame.wrap(Array(bytes[10..<(bytes.count - 4)]))
  }
}

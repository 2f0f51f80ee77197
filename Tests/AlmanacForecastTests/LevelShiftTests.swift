import AlmanacCore
import Glibc
import Testing

@testable import AlmanacForecast

@Suite struct LevelShiftTests {
  /// Twenty-eight days of ten minutes and `ahead` more: a daily rhythm between 40 and 60, noise of
  /// deviation 1, and 40 more from `hours` before the end of the days on.
  static func pushed(hours: Int, ahead: Int = 0, seed: UInt64 = 1) -> [Double] {
    let count = 28 * day
    var noise = Noise(seed: seed)
    return (0..<count + ahead).map { index in
      50 + 10 * sin(2 * Double.pi * Double(index) / Double(day)) + 3.46 * noise.next()
        + (index >= count - hours * day / 24 ? 40 : 0)
    }
  }

  static let day = 144
  static let rhythm = Rhythm(day: day, factor: 7)

  static func history(_ values: [Double]) -> RegularSeries {
    RegularSeries(
      start: Series.start, step: .minutes(10), values: values)
  }

  @Test(
    "a shift is found where and as large as it is", arguments: [2, 3, 6, 24, 100, 200], [1, 2])
  func found(hours: Int, seed: UInt64) throws {
    let values = Self.pushed(hours: hours, seed: seed)
    let shift = try #require(LevelShift.newest(in: values, rhythm: Self.rhythm))
    #expect(abs(shift.length - hours * 6) <= 1)
    #expect(abs(shift.size - 40) < 2)
    #expect(shift.isSettled == (shift.length >= Self.day))
    let fall = try #require(LevelShift.newest(in: values.map { -$0 }, rhythm: Self.rhythm))
    #expect(fall.index == shift.index && abs(fall.size + 40) < 2)
  }

  @Test("what has happened before is none: weekends, incidents, a trend, noise")
  func none() {
    let plain = Self.pushed(hours: 0)
    #expect(LevelShift.newest(in: plain, rhythm: Self.rhythm) == nil)
    let weekends = plain.indices.map { plain[$0] - ($0 / Self.day % 7 >= 5 ? 30 : 0) }
    for end in [26 * Self.day + 40, 27 * Self.day, 28 * Self.day] {
      #expect(LevelShift.newest(in: Array(weekends[..<end]), rhythm: Self.rhythm) == nil)
    }
    var again = Self.pushed(hours: 6)
    for index in 2000..<2060 { again[index] += 40 }
    #expect(LevelShift.newest(in: again, rhythm: Self.rhythm) == nil)
    let rising = plain.indices.map { plain[$0] + Double($0) / 50 }
    #expect(LevelShift.newest(in: rising, rhythm: Self.rhythm) == nil)
  }

  @Test("noise with memory hardly ever looks like one")
  func memory() {
    var found = 0
    for seed in UInt64(1)...60 {
      var noise = Noise(seed: seed)
      var value = 0.0
      let values = (0..<21 * Self.day).map { _ -> Double in
        value = 0.9 * value + noise.next()
        return value
      }
      if LevelShift.newest(in: values, rhythm: Self.rhythm) != nil { found += 1 }
    }
    #expect(found <= 1, "\(found) of 60")
  }

  @Test("a forecast stays at a level that has lasted a day, from the first step to the last")
  func settled() throws {
    let ahead = 7 * Self.day
    let values = Self.pushed(hours: 30, ahead: ahead)
    let history = Self.history(Array(values.dropLast(ahead)))
    let model = try ForecastModel.train(on: history, options: .small())
    let curve = try model.predict(from: history, steps: ahead, levels: [0.95])
    let truth = values.suffix(ahead)
    let errors = zip(curve.yhat, truth).map { $0 - $1 }
    #expect(abs(Quantiles.mean(errors.prefix(36))) < 1)
    #expect(abs(Quantiles.mean(errors.suffix(Self.day))) < 1.5)
    let shift = try #require(curve.shift)
    #expect(shift.isRise && shift.isSettled)
    #expect(abs(shift.time.nanoseconds - history.time(at: 28 * Self.day - 180).nanoseconds) < 1)
  }

  @Test("of a young level the forecast goes back, and its band has both levels")
  func young() throws {
    let history = Self.history(Self.pushed(hours: 4))
    let usual = Self.history(Self.pushed(hours: 0))
    let options = ForecastOptions.small()
    let model = try ForecastModel.train(on: history, options: options)
    let curve = try model.predict(from: history, steps: 7 * Self.day, levels: [0.95])
    let calm = try ForecastModel.train(on: usual, options: options)
      .predict(from: usual, steps: 7 * Self.day, levels: [0.95])
    #expect(curve.yhat[0] - calm.yhat[0] > 30)
    for step in stride(from: Self.day, to: 7 * Self.day, by: 50) {
      #expect(abs(curve.yhat[step] - calm.yhat[step]) < 5)
      #expect(curve.bands[0].upper[step] > calm.yhat[step] + 40)
    }
    #expect(curve.shift?.isSettled == false)
    #expect(calm.shift == nil)
  }

  @Test("plain methods do what they say, whatever the level does")
  func plain() throws {
    let history = Self.history(Self.pushed(hours: 30))
    var options = ForecastOptions()
    options.model = .seasonalNaive
    let curve = try ForecastModel.train(on: history, options: options)
      .predict(from: history, steps: Self.day, levels: [0.95])
    #expect(curve.shift == nil)
    #expect(
      curve.yhat == Array(history.values.suffix(Self.day))
        || curve.yhat == Array(history.values.suffix(7 * Self.day).prefix(Self.day)))
  }
}

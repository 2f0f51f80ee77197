import AlmanacCore
import AlmanacForecast
import AlmanacNeural
import Glibc
import Testing

@Suite struct ForecastModelTests {
  private let levels = [0.95, 0.8, 0.5]

  private func forecast(
    _ series: RegularSeries, _ options: ForecastOptions, steps: Int = 200
  ) throws -> (model: ForecastModel, curve: ForecastCurve) {
    let model = try ForecastModel.train(on: series, options: options)
    return (model, try model.predict(from: series, steps: steps, levels: levels))
  }

  private func checkShape(_ curve: ForecastCurve, after series: RegularSeries, steps: Int) {
    #expect(curve.start == series.nextTime && curve.step == series.step)
    #expect(curve.yhat.count == steps && curve.yhat.allSatisfy(\.isFinite))
    #expect(curve.bands.map(\.level) == levels)
    for index in 0..<steps {
      // From the widest level inwards.
      var low = -Double.infinity
      var high = Double.infinity
      for band in curve.bands {
        #expect(band.lower[index] >= low && band.upper[index] <= high)
        #expect(band.lower[index] <= curve.yhat[index])
        #expect(curve.yhat[index] <= band.upper[index])
        (low, high) = (band.lower[index], band.upper[index])
      }
    }
  }

  @Test(
    "every kind forecasts a rhythm better than its median, with bands that nest",
    arguments: [ModelKind.auto, .seq2seq, .seasonalNaive, .holtWinters, .linear])
  func kinds(kind: ModelKind) throws {
    let all = Series.hourly(days: 28)
    let past = RegularSeries(
      start: all.start, step: all.step, values: Array(all.values[..<(21 * 24)]))
    let (model, curve) = try forecast(past, .small(kind), steps: 168)
    #expect(model.kind == (kind == .auto ? .ensemble : kind))
    #expect(model.fallbackReason == nil)
    checkShape(curve, after: past, steps: 168)
    let error = { (forecast: [Double]) in
      zip(forecast, all.values[(21 * 24)...]).reduce(0) { $0 + abs($1.0 - $1.1) }
    }
    let flat = [Double](repeating: 29, count: 168)
    if kind != .linear { #expect(error(curve.yhat) < 0.6 * error(flat)) }
    let holdout = try #require(model.holdout)
    #expect(holdout.count == 168)
    #expect(holdout.mase.isFinite && holdout.mae > 0)
    if kind == .auto {
      #expect(holdout.mase < 1.2)
      #expect(holdout.networkShare.firstDay <= 0.7)
      #expect(holdout.rulesMASE.isFinite && holdout.networkMASE.isFinite)
    }
  }

  @Test("training and forecasting give the same bits again, on one thread and two")
  func deterministic() throws {
    let series = Series.hourly(days: 20)
    var options = ForecastOptions.small(.seq2seq)
    options.threads = 1
    let first = try forecast(series, options)
    options.threads = 2
    let second = try forecast(series, options)
    #expect(first.curve == second.curve)
    #expect(first.model.encoded() == second.model.encoded())
    options.seed = 1
    #expect(try forecast(series, options).curve != first.curve)
  }

  @Test("what comes after the history changes nothing", arguments: [ModelKind.auto, .holtWinters])
  func noLeak(kind: ModelKind) throws {
    let long = Series.hourly(days: 25)
    var samples = Samples()
    for (index, value) in long.values.enumerated() {
      samples.insert(time: long.time(at: index).nanoseconds + 7, value: value)
    }
    let cut = 18 * 24
    let until = long.time(at: cut - 1) + .minutes(30)
    let past = RegularSeries(
      samples: samples.inside(TimeRange(start: long.start, end: until)), step: .hours(1))
    #expect(past.values.count == cut)
    var other = samples
    for index in cut..<long.values.count {
      other.insert(time: long.time(at: index).nanoseconds + 7, value: 1e6)
    }
    let again = RegularSeries(
      samples: other.inside(TimeRange(start: long.start, end: until)), step: .hours(1))
    var options = ForecastOptions.small(kind)
    options.preparation = [.deseason(periods: nil), .scale(.standard)]
    let first = try forecast(past, options)
    let second = try forecast(again, options)
    #expect(first.curve == second.curve)
    #expect(first.model.encoded() == second.model.encoded())
  }

  @Test("the hold-out's own values do not reach the forecast that it judges")
  func honestHoldout() throws {
    // Doubling the noise of the last week must leave the earlier weeks' weights alone: the error
    // of the hold-out is then at least that of the noise.
    var series = Series.hourly(days: 21, noise: 0.1)
    var noise = Noise(seed: 77)
    for index in (14 * 24)..<(21 * 24) { series.values[index] += 20 * noise.next() }
    let model = try ForecastModel.train(on: series, options: .small())
    #expect(try #require(model.holdout).mae > 4)
  }

  @Test("stages in front are undone on the forecast")
  func preparation() throws {
    var series = Series.hourly(days: 21)
    for index in series.values.indices { series.values[index] = exp(series.values[index] / 10) }
    var options = ForecastOptions.small()
    options.preparation = [
      .interpolate(.linear, maxGap: nil), .scale(.log), .deseason(periods: nil),
    ]
    let (_, curve) = try forecast(series, options)
    checkShape(curve, after: series, steps: 200)
    #expect(curve.yhat.allSatisfy { $0 > 3 && $0 < 60 })
    #expect(curve.bands[0].lower.allSatisfy { $0 > 0 })
    options.preparation = [.deseason(periods: [.hours(6), .days(1), .days(7)])]
    checkShape(try forecast(series, options).curve, after: series, steps: 200)
    options.preparation = [.deseason(periods: [.days(11)])]
    #expect(throws: ForecastError.self) { try ForecastModel.train(on: series, options: options) }
    var logarithm = ForecastOptions.small()
    logarithm.scale = .log
    #expect(try forecast(series, logarithm).curve.bands[0].lower.allSatisfy { $0 > 0 })
  }

  @Test("minimum and maximum hold for curve and bounds")
  func limits() throws {
    let series = Series.hourly(days: 15)
    var options = ForecastOptions.small()
    options.minimum = 25
    options.maximum = 31
    let (_, curve) = try forecast(series, options)
    checkShape(curve, after: series, steps: 200)
    for values in [curve.yhat] + curve.bands.flatMap({ [$0.lower, $0.upper] }) {
      #expect(values.allSatisfy { (25...31).contains($0) })
    }
  }

  static let steps: [Interval] = [
    .seconds(1), .seconds(7), .seconds(10), .seconds(30), .minutes(1), .minutes(7), .minutes(15),
    .hours(6), .hours(12), .days(1), .days(7), .seconds(100_000),
  ]

  @Test("any step forecasts something or says why not", arguments: steps)
  func anyStep(step: Interval) throws {
    let days: Int64 = step < .minutes(1) ? 2 : step < .minutes(15) ? 3 : step < .days(1) ? 20 : 90
    var series = Series.daily(step: step, days: Int(days))
    if step < .minutes(1) { series.values = Array(series.values.suffix(20_000)) }
    let (model, curve) = try forecast(series, .small(), steps: 77)
    checkShape(curve, after: series, steps: 77)
    #expect((model.kind == .ensemble) == (model.fallbackReason == nil))
    if [.minutes(15), .hours(6), .hours(12), .days(1)].contains(step) {
      #expect(model.fallbackReason == nil)
    }
  }

  @Test("ten-second values are modelled on minutes and begin at the level of late")
  func coarse() throws {
    let series = Series.daily(step: .seconds(20), days: 3, noise: 0.5)
    let (model, curve) = try forecast(series, .small(), steps: 300)
    #expect(model.fallbackReason == nil)
    checkShape(curve, after: series, steps: 300)
    let known = series.values.suffix(180).reduce(0, +) / 180
    #expect(abs(curve.yhat[0] - known) < 1.5)
  }

  @Test("histories that carry no rhythm fall back and say so")
  func fallbacks() throws {
    let series = { (values: [Double]) in
      RegularSeries(start: Series.start, step: .hours(1), values: values)
    }
    var gaps = Series.hourly(days: 20).values
    for index in gaps.indices where index % 10 != 0 { gaps[index] = .nan }
    let walk = Series.noise(40, seed: 3).reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1) }
    let cases: [(RegularSeries, Set<ModelKind>)] = [
      (series([5]), [.lastValue]),
      (series([5, .nan, 5, 5]), [.lastValue]),
      (series([Double](repeating: 3, count: 800)), [.lastValue]),
      (series((0..<40).map { Double($0) * 2 }), [.drift]),
      (series(walk), [.lastValue, .drift, .median]),
      (series(gaps), [.lastValue, .drift, .median]),
      (series(Series.noise(24 * 20, seed: 11)), [.median]),
    ]
    for (history, kinds) in cases {
      let (model, curve) = try forecast(history, .small(), steps: 30)
      #expect(kinds.contains(model.kind))
      #expect(model.fallbackReason != nil)
      checkShape(curve, after: history, steps: 30)
    }
    let line = try forecast(series((0..<40).map { Double($0) * 2 }), .small(), steps: 3)
    #expect(line.curve.yhat == [80, 82, 84])
  }

  @Test("a signal that rises steadily goes on rising")
  func trend() throws {
    var series = Series.hourly(days: 21)
    for index in series.values.indices { series.values[index] += Double(index) }
    let (_, curve) = try forecast(series, .small(), steps: 168)
    let last = Double(series.values.count + 167) + 30
    #expect(abs(curve.yhat[167] - last) < 20)
  }

  @Test("gaps are filled, infinite values are missing, the forecast stays near")
  func gaps() throws {
    var series = Series.hourly(days: 21)
    for index in 100..<104 { series.values[index] = .nan }
    for index in 200..<280 { series.values[index] = .nan }
    for index in 0..<5 { series.values[index] = .nan }
    series.values[300] = .infinity
    series.values[301] = -.infinity
    let (model, curve) = try forecast(series, .small(), steps: 48)
    #expect(model.fallbackReason == nil)
    #expect(curve.yhat.allSatisfy { (15...45).contains($0) })
  }

  @Test("a newer history gives the level, the stored weights stay")
  func newer() throws {
    let all = Series.hourly(days: 24)
    let past = RegularSeries(
      start: all.start, step: all.step, values: Array(all.values[..<(20 * 24)]))
    let model = try ForecastModel.train(on: past, options: .small())
    let curve = try model.predict(from: all, steps: 24, levels: [0.9])
    #expect(curve.start == all.nextTime)
    var raised = all
    for index in (20 * 24)..<(24 * 24) { raised.values[index] += 10 }
    let higher = try model.predict(from: raised, steps: 24, levels: [0.9])
    #expect(zip(higher.yhat, curve.yhat).allSatisfy { $0 > $1 })
  }

  @Test("months ahead are as possible as one step")
  func horizons() throws {
    let series = Series.hourly(days: 15)
    let model = try ForecastModel.train(on: series, options: .small(.seq2seq))
    for steps in [1, 24, 3000] {
      let curve = try model.predict(from: series, steps: steps, levels: levels)
      checkShape(curve, after: series, steps: steps)
    }
  }

  @Test("what no forecast can be made from is refused")
  func refused() throws {
    let series = Series.hourly(days: 15)
    let model = try ForecastModel.train(on: series, options: .small())
    let code = { (body: () throws -> Void) -> ForecastError.Code? in
      do { try body() } catch { return (error as? ForecastError)?.code }
      return nil
    }
    let empty = RegularSeries(start: Series.start, step: .hours(1), values: [.nan, .infinity])
    #expect(code { _ = try ForecastModel.train(on: empty, options: .small()) } == .empty)
    #expect(code { _ = try model.predict(from: empty, steps: 1, levels: []) } == .empty)
    let other = Series.daily(step: .minutes(30), days: 3)
    #expect(code { _ = try model.predict(from: other, steps: 1, levels: []) } == .wrongStep)
    for steps in [0, -1, Int.max] {
      #expect(
        code { _ = try model.predict(from: series, steps: steps, levels: []) } == .badArgument)
    }
    for level in [0, 1, 95, -1, Double.nan] {
      #expect(
        code { _ = try model.predict(from: series, steps: 1, levels: [level]) } == .badArgument)
    }
    let short = RegularSeries(start: series.start, step: .hours(1), values: [1, 2, 3])
    #expect(code { _ = try model.predict(from: short, steps: 1, levels: []) } == .tooShort)
    var options = ForecastOptions.small()
    options.hidden = 0
    #expect(code { _ = try ForecastModel.train(on: series, options: options) } == .badArgument)
    options = .small(.median)
    #expect(code { _ = try ForecastModel.train(on: series, options: options) } == .badArgument)
    options = .small()
    options.minimum = 2
    options.maximum = 1
    #expect(code { _ = try ForecastModel.train(on: series, options: options) } == .badArgument)
  }

  @Test("training reports every step and stops when told to")
  func progress() throws {
    let series = Series.hourly(days: 20)
    var reports: [TrainingProgress] = []
    _ = try ForecastModel.train(on: series, options: .small(.seq2seq)) {
      reports.append($0)
      return true
    }
    #expect(reports.map(\.step) == Array(1...reports.count))
    #expect(reports.allSatisfy { $0.steps == reports.count })
    do {
      _ = try ForecastModel.train(on: series, options: .small(.seq2seq)) { $0.step < 3 }
      Issue.record("not stopped")
    } catch {
      #expect(error.code == .cancelled)
    }
  }
}

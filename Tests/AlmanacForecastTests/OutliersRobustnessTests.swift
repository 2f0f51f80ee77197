import Testing

@testable import AlmanacForecast

@Suite("Outliers of odd signals")
struct OutliersRobustnessTests {
  static let methods: [OutlierMethod] = [.auto, .residual, .mad, .iqr, .esd, .gmm]

  func judge(
    _ values: [Double], from: Int, day: Int, _ method: OutlierMethod
  ) throws -> [JudgedSample] {
    var options = OutlierOptions(samplesPerDay: day)
    options.method = method
    return try OutlierDetector(options: options).judge(values, from: from)
  }

  @Test("a constant signal has no outliers, a departure from it is one", arguments: methods)
  func constant(_ method: OutlierMethod) throws {
    for level in [0.0, 0.1, 1e12] {
      var values = [Double](repeating: level, count: 10 * 24)
      values[230] += max(level, 1)
      let judged = try judge(values, from: 200, day: 24, method)
      #expect(judged.prefix(30).allSatisfy { $0.score == 0 && $0.code == "usual" })
      #expect(judged[30].score >= 1 && judged[30].direction == .up)
      #expect(judged[30].score.isFinite)
    }
  }

  @Test("rounding of a constant is no outlier", arguments: methods)
  func rounding(_ method: OutlierMethod) throws {
    var values = [Double](repeating: 0.3, count: 10 * 24)
    values[230] = 0.1 + 0.2
    #expect(try judge(values, from: 200, day: 24, method).allSatisfy { $0.score < 1 })
  }

  @Test("too little history scores 0 and says so", arguments: methods)
  func little(_ method: OutlierMethod) throws {
    for count in [1, 2, 10, 49] {
      let judged = try judge(OutlierSignals.noise(count), from: 0, day: 24, method)
      #expect(judged.count == count)
      #expect(judged.allSatisfy { $0.score == 0 && $0.code == "too_little_history" })
    }
    #expect(try judge([], from: 0, day: 24, method).isEmpty)
    #expect(try judge([1, 2], from: 5, day: 24, method).isEmpty)
    #expect(try judge([.nan, .nan], from: -1, day: 24, method).isEmpty)
  }

  @Test("missing samples are left out, and gaps do not trap", arguments: methods)
  func gaps(_ method: OutlierMethod) throws {
    let day = 48
    var values = OutlierSignals.daily(days: 12, samplesPerDay: day)
    for index in values.indices where index % 7 == 3 { values[index] = .nan }
    for index in (4 * day)..<(6 * day + 5) { values[index] = .nan }
    let spike = 11 * day + 10
    values[spike] = 120
    let judged = try judge(values, from: 10 * day, day: day, method)
    #expect(judged.count == values[(10 * day)...].count { !$0.isNaN })
    #expect(judged.allSatisfy { $0.score.isFinite && $0.score >= 0 })
    #expect(judged.first { $0.index == spike }?.score ?? 0 >= 1)
    // Only gaps before: nothing to judge by.
    let blank = [Double](repeating: .nan, count: 10 * day) + [1, 2, 3]
    let last = try judge(blank, from: 10 * day, day: day, method)
    #expect(last.map(\.code) == [String](repeating: "too_little_history", count: 3))
  }

  @Test("infinite and huge samples are judged without trapping", arguments: methods)
  func extremes(_ method: OutlierMethod) throws {
    let day = 24
    var values = OutlierSignals.daily(days: 12, samplesPerDay: day)
    values[30] = .infinity
    values[100] = 1e308
    values[101] = -1e308
    values[270] = -.infinity
    let judged = try judge(values, from: 200, day: day, method)
    #expect(judged.count == values.count - 200)
    #expect(judged.allSatisfy { $0.score >= 0 && $0.score.isFinite })
    #expect(judged[70].code == "not_finite" && judged[70].score >= 1)
    #expect(judged[70].direction == .down)
  }

  @Test("counters, zeros with rare spikes and every step do not trap", arguments: methods)
  func kinds(_ method: OutlierMethod) throws {
    for day in [1, 2, 3, 5, 24, 96] {
      let count = max(12 * day, 80)
      let noise = OutlierSignals.noise(count)
      var counter = (0..<count).map { Double($0 * 17) }
      for index in (count - count / 8)..<count { counter[index] -= counter[count - count / 8] }
      let sparse = noise.map { $0 > 1.3 ? $0 : 0 }
      for values in [counter, sparse, noise] {
        let judged = try judge(values, from: count / 2, day: day, method)
        #expect(judged.count == count - count / 2)
        #expect(judged.allSatisfy { $0.score.isFinite && $0.score >= 0 })
      }
    }
  }

  @Test("a counter's reset is a fall")
  func reset() throws {
    var values = (0..<(12 * 96)).map { Double($0 * 17) }
    for index in 1100..<values.count { values[index] -= 18_700 }
    let judged = try judge(values, from: 1090, day: 96, .auto)
    #expect(judged[10].score >= 1 && judged[10].direction == .down)
    #expect(judged[0].score < 1)
  }

  @Test("alarms on noise come about as often as asked for", arguments: [(96, 1.0), (24, 0.5)])
  func alarmRate(_ day: Int, _ alarms: Double) throws {
    var options = OutlierOptions(samplesPerDay: day)
    options.alarmsPerDay = alarms
    let days = 28
    var count = 0
    for seed in 1...4 {
      let values = OutlierSignals.daily(days: days + 14, samplesPerDay: day, seed: UInt64(seed))
      let judged = try OutlierDetector(options: options).judge(values, from: 14 * day)
      count += judged.count { $0.runLength == 1 }
    }
    let rate = Double(count) / Double(4 * days)
    #expect(rate > alarms / 2 && rate < alarms * 2, "\(rate) a day")
  }
}

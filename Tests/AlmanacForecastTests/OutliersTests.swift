import Testing

@testable import AlmanacForecast

@Suite("Outliers")
struct OutliersTests {
  func judge(
    _ values: [Double], from: Int, day: Int, _ method: OutlierMethod = .auto, offset: Int = 0,
    against curve: ReferenceCurve? = nil, _ change: (inout OutlierOptions) -> Void = { _ in }
  ) throws -> [JudgedSample] {
    var options = OutlierOptions(samplesPerDay: day)
    options.method = method
    options.gridOffset = offset
    change(&options)
    return try OutlierDetector(options: options).judge(values, from: from, against: curve)
  }

  // MARK: - The talk's example

  @Test(
    "a dip at the same hour each week is usual, at another hour it is an outlier",
    arguments: [(OutlierMethod.auto, 288), (.gmm, 144), (.residual, 144)])
  func weeklyDip(_ method: OutlierMethod, _ day: Int) throws {
    var (values, start) = OutlierSignals.weeklyDip(samplesPerDay: day)
    let hour = day / 24
    let other = start + 7 * hour
    for index in other..<(other + hour) { values[index] -= 20 }
    let from = start - 2 * hour
    let judged = try judge(Array(values[..<(other + 2 * hour)]), from: from, day: day, method)
    for sample in judged[(start - from - 2)..<(start - from + hour + 3)] {
      #expect(sample.score < 1, "\(sample)")
    }
    for sample in judged[(other - from)..<(other - from + hour)] {
      #expect(sample.score >= 1, "\(sample)")
      #expect(sample.direction == .down)
    }
    let first = judged[other - from]
    #expect(first.code == "dip")
    #expect(first.runStart == other && first.runLength == 1)
    #expect(judged[other - from + hour - 1].runLength == hour)
    #expect(first.comparable == other - 7 * day)
  }

  @Test("a weekly dip that stays away is an outlier, and says so upwards")
  func missingDip() throws {
    var (values, start) = OutlierSignals.weeklyDip(samplesPerDay: 288)
    for index in start..<(start + 12) { values[index] += 20 }
    let judged = try judge(values, from: start - 12, day: 288)
    // The first and the last sample may be early and late ones.
    #expect(judged[13..<23].allSatisfy { $0.score >= 1 && $0.direction == .up })
  }

  // MARK: - Walk-forward

  @Test(
    "a prefix is judged to the same bits",
    arguments: [OutlierMethod.auto, .residual, .mad, .iqr, .esd, .gmm])
  func prefix(_ method: OutlierMethod) throws {
    let day = method == .gmm ? 48 : 96
    var values = OutlierSignals.daily(days: 16, samplesPerDay: day)
    for index in [12 * day + 7, 13 * day + 60, 14 * day] { values[index] += 30 }
    values[13 * day + 3] = .nan
    let from = 12 * day
    let whole = try judge(values, from: from, day: day, method, offset: 11)
    for count in [from + 1, from + 40, from + day + 13, values.count - 1] {
      let part = try judge(Array(values[..<count]), from: from, day: day, method, offset: 11)
      #expect(part == Array(whole.prefix(part.count)), "of \(count)")
      #expect(part.count >= count - from - 1)
    }
  }

  @Test(
    "a sample scores the same wherever judging begins, within a run too",
    arguments: [OutlierMethod.auto, .mad, .gmm])
  func from(_ method: OutlierMethod) throws {
    let day = method == .gmm ? 48 : 96
    var values = OutlierSignals.daily(days: 15, samplesPerDay: day)
    for index in (12 * day)..<(12 * day + day / 2) { values[index] += 30 }
    func all(_ from: Int) throws -> [JudgedSample] {
      try judge(values, from: from, day: day, method, offset: 5) { $0.minimumRun = 3 }
    }
    let whole = try all(11 * day)
    for from in [11 * day + 17, 12 * day + 20, 13 * day] {
      #expect(try all(from) == Array(whole.suffix(values.count - from)), "from \(from)")
    }
  }

  @Test("refits lie at quarter days of the absolute grid")
  func grid() {
    let grid = RefitGrid(samplesPerDay: 24, offset: 10)
    #expect(grid.starts(count: 24) == [0, 2, 8, 14, 20])
    #expect(grid.starts(count: 40, wholeDays: true) == [0, 14, 38])
    #expect(RefitGrid(samplesPerDay: 24, offset: -14).starts(count: 9) == [0, 2, 8])
    #expect(RefitGrid(samplesPerDay: 1, offset: 3).starts(count: 3) == [0, 1, 2])
    #expect(RefitGrid(samplesPerDay: 5, offset: 0).starts(count: 6) == [0, 1, 2, 3, 4, 5])
  }

  @Test("one strange sample is one outlier: the way back is none")
  func spike() throws {
    var values = OutlierSignals.daily(days: 12, samplesPerDay: 288)
    values[11 * 288 + 30] += 40
    let judged = try judge(values, from: 11 * 288 + 20, day: 288)
    #expect(judged.prefix(60).filter { $0.score >= 1 }.map(\.index) == [11 * 288 + 30])
  }

  // MARK: - Options

  @Test("direction, smallest deviation and run keep scores below 1")
  func filters() throws {
    let day = 96
    var values = OutlierSignals.daily(days: 12, samplesPerDay: day)
    let spike = 11 * day + 40
    for index in spike..<(spike + 4) { values[index] += 20 }
    func scores(_ change: (inout OutlierOptions) -> Void) throws -> [Double] {
      try judge(values, from: spike, day: day, .mad, change).map(\.score)
    }
    #expect(try scores { _ in }[0..<4].allSatisfy { $0 >= 1 })
    #expect(try scores { $0.direction = .down }[0..<4].allSatisfy { $0 == 0 })
    #expect(try scores { $0.minimumDeviation = 30 }[0..<4].allSatisfy { $0 == 0 })
    let run = try scores { $0.minimumRun = 3 }
    #expect(run[0] < 1 && run[1] < 1 && run[2] >= 1 && run[3] >= 1)
    let loose = try scores { $0.threshold = 3 }
    let strict = try scores { $0.threshold = 6 }
    #expect(abs(loose[0] / strict[0] - 2) < 1e-9)
    let few = try scores { $0.alarmsPerDay = 0.01 }
    let many = try scores { $0.alarmsPerDay = 10 }
    #expect(few[0] < many[0])
  }

  @Test("options without meaning are refused with their cause")
  func badOptions() {
    let changes: [(inout OutlierOptions) -> Void] = [
      { $0.samplesPerDay = 0 }, { $0.alarmsPerDay = 0 }, { $0.historyDays = .nan },
      { $0.threshold = -1 }, { $0.minimumDeviation = .nan }, { $0.minimumRun = -1 },
      { $0.alarmsPerDay = .infinity },
    ]
    for change in changes {
      let error = #expect(throws: OutlierError.self) {
        try judge([1, 2, 3], from: 0, day: 24, .auto, change)
      }
      #expect(error?.code == .badOption)
      #expect(error?.message.hasPrefix("cannot judge samples: ") == true)
    }
    let curve = ReferenceCurve(expected: [1], lower: [0], upper: [2])
    let error = #expect(throws: OutlierError.self) {
      try judge([1, 2], from: 0, day: 24, against: curve)
    }
    #expect(error?.code == .curveLength)
  }

  @Test("a curve is what samples are held against, in units of its band where that is wider")
  func curve() throws {
    let day = 96
    let from = 13 * day
    var values = OutlierSignals.daily(days: 14, samplesPerDay: day)
    for index in from..<values.count { values[index] += 30 }
    let empty = [Double](repeating: .nan, count: values.count)
    var near = ReferenceCurve(expected: empty, lower: empty, upper: empty)
    for index in from..<values.count {
      near.expected[index] = 80
      near.lower[index] = 72
      near.upper[index] = 88
    }
    let alone = try judge(values, from: from, day: day, .residual)
    let along = try judge(values, from: from, day: day, .residual, against: near)
    #expect(alone[0].score >= 1)
    let count = from + 31
    let cut = ReferenceCurve(
      expected: Array(near.expected[..<count]), lower: Array(near.lower[..<count]),
      upper: Array(near.upper[..<count]))
    let part = try judge(
      Array(values[..<count]), from: from, day: day, .residual, against: cut)
    #expect(part == Array(along.prefix(31)))
    #expect(along.prefix(day / 4).allSatisfy { $0.score < 1 && $0.expected == 80 })
    values[from + 3] = 110
    let away = try judge(values, from: from, day: day, .residual, against: near)
    #expect(away[3].score >= 1)
    #expect(away[3].value > away[3].upper && away[2].value < away[2].upper)
  }
}

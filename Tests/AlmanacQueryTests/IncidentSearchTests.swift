import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacForecast
@testable import AlmanacQuery

@Suite struct IncidentSearchTests {
  private static let minute = Interval.minutes(1)

  private func sample(_ index: Int, _ score: Double) -> JudgedSample {
    JudgedSample(
      index: index, value: 1, expected: 0, lower: 0, upper: 0, score: score, llActual: nil,
      llExpected: nil, direction: .up, reason: "", code: "", component: nil, contextStart: index,
      contextEnd: index, comparable: nil, runStart: index, runLength: 1)
  }

  /// Series with scores of 1 and more at these minutes.
  private func outliers(_ labels: [String: String], _ scores: [Int: Double]) -> LabelledOutliers {
    let grid = RegularSeries(
      start: Timestamp(nanoseconds: 0), step: Self.minute,
      values: [Double](repeating: 0, count: 1 + (scores.keys.max() ?? 0)))
    let samples = scores.sorted { $0.key < $1.key }.map { sample($0.key, $0.value) }
    return LabelledOutliers(
      key: SeriesKey(metric: "m", labels: Labels(labels.map { ($0.key, $0.value) })), grid: grid,
      samples: samples, times: samples.map { grid.time(at: $0.index) }, model: nil)
  }

  private func plan(_ labels: [String], within: Int) -> IncidentsPlan {
    IncidentsPlan(
      input: .number(0), labels: labels, within: .minutes(Int64(within)), alarmsPerDay: 1.0 / 7,
      least: 1, limit: 1000)
  }

  /// The incidents as sets of (series, minute), found by looking at every pair of episodes.
  private func reference(_ all: [LabelledOutliers], _ plan: IncidentsPlan) -> Set<Set<[Int]>> {
    let within = Int(plan.within.seconds / 60)
    var episodes: [[Int]] = []
    for (series, one) in all.enumerated() {
      var last = Int.min / 2
      for sample in one.samples where sample.score >= 1 {
        if sample.index - last > within { episodes.append([series, sample.index]) }
        last = sample.index
      }
    }
    var part = Array(episodes.indices)
    for level in min(1, plan.labels.count)...plan.labels.count {
      let group = { (series: Int) in plan.labels.prefix(level).map { all[series].key.labels[$0] } }
      for (index, end) in episodes.enumerated() {
        let mine = group(end[0])
        let inside = episodes.indices.filter {
          episodes[$0][1] <= end[1] && end[1] - episodes[$0][1] <= within
            && group(episodes[$0][0]) == mine
        }
        let least = Coincidence.least(
          of: all.indices.count { group($0) == mine }, share: Double(within) / 10_080)
        guard Set(inside.map { episodes[$0][0] }).count >= least else { continue }
        let known = Set(inside.map { part[$0] })
        for other in part.indices where known.contains(part[other]) { part[other] = part[index] }
      }
    }
    return Set(
      Set(part).map { number in
        Set(part.indices.filter { part[$0] == number }.map { episodes[$0] })
      })
  }

  @Test("incidents are those of looking at every pair", arguments: [UInt64](0..<150))
  func reference(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let span = Int.random(in: 20...600, using: &random)
    let all = (0..<Int.random(in: 1...40, using: &random)).map { index in
      var scores: [Int: Double] = [:]
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let from = Int.random(in: 0...span, using: &random)
        for minute in from...(from + Int.random(in: 0...5, using: &random)) {
          scores[minute] = Double.random(in: 0.5...4, using: &random)
        }
      }
      return outliers(
        [
          "host": "h\(index)", "service": "s\(Int.random(in: 0...2, using: &random))",
          "team": "t\(Int.random(in: 0...1, using: &random))",
        ], scores)
    }
    for labels in [[], ["service"], ["service", "team"], ["absent", "team"]] {
      let plan = plan(labels, within: Int.random(in: 1...15, using: &random))
      let search = IncidentSearch(of: all, plan)
      let found = search.incidents.map { one in
        Set(one.episodes.map { [$0.series, Int($0.start.seconds / 60)] })
      }
      #expect(Set(found) == reference(all, plan))
      #expect(found.count == Set(found).count)
      let ranks = search.incidents.map { ($0.members.count, $0.score) }
      for (a, b) in zip(ranks, ranks.dropFirst()) { #expect(a.0 > b.0 || a.0 == b.0 && a.1 >= b.1) }
    }
  }

  @Test("ten thousand series are joined in no time")
  func many() {
    var random = SeededGenerator(seed: 5)
    let all = (0..<10_000).map { index in
      var scores = [Int.random(in: 0...10_000, using: &random): 1.5]
      // An incident of one service in twenty.
      if index % 20 == 0 { scores[5000 + index / 20 % 8] = 3 }
      return outliers(
        ["host": "h\(index)", "service": "s\(index % 20)", "rack": "r\(index % 97)"], scores)
    }
    let began = ContinuousClock.now
    var search = IncidentSearch(of: all, plan([], within: 10))
    #expect(search.incidents[0].members.count > 500 && search.incidents[0].members.count < 570)
    #expect(search.incidents[1].members.count < 60)
    var table = ReportTable(columns: IncidentSearch.columns)
    for one in search.incidents.prefix(3) { search.add(one, named: "1", to: &table) }
    #expect(ContinuousClock.now - began < .seconds(10))
    guard case .texts(let texts) = table.report.series[0].columns[9] else { return }
    #expect(texts[0].hasPrefix("service=s0 (500 of 500)"))
  }
}

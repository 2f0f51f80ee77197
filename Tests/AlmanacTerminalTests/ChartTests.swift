import AlmanacCore
import Glibc
import Testing

@testable import AlmanacTerminal

private let hour: Int64 = 3_600_000_000_000
private let monday: Int64 = 1_788_134_400_000_000_000  // 2026-08-31T00:00:00Z

/// A small sine over four days, then a forecast over two with its band.
private func sineChart(width: Int = 72, height: Int = 14, color: Bool = false) -> Chart {
  let value = { (index: Int) in 50 + 20 * sin(Double(index) / 24 * 2 * Double.pi) }
  let past = Array(0...96)
  let future = Array(97...144)
  let time = { (index: Int) in monday + Int64(index) * hour }
  var chart = Chart(
    title: "forecast(memory, 2d)", width: width, height: height, color: color)
  chart.lines = [
    .init(name: "memory", times: past.map(time), values: past.map(value)),
    .init(
      name: "forecast", times: future.map(time), values: future.map(value), style: .forecast),
  ]
  chart.bands = [
    .init(
      name: "90% interval", times: future.map(time), lower: future.map { value($0) - 8 },
      upper: future.map { value($0) + 8 })
  ]
  chart.now = Timestamp(nanoseconds: time(96))
  return chart
}

private func rows(_ chart: Chart) -> [String] {
  chart.render().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
}

private func isInk(_ character: Character) -> Bool {
  character.unicodeScalars.allSatisfy { (0x2801...0x28FF).contains($0.value) }
}

private func line(_ values: [Double], step: Int64 = hour) -> Chart {
  var chart = Chart(title: "", width: 60, height: 12, color: false)
  let times = values.indices.map { monday + Int64($0) * step }
  chart.lines = [.init(name: "m", times: times, values: values)]
  return chart
}

@Suite("Chart") struct ChartTests {
  @Test("a sine with its forecast and band looks as stored")
  func snapshot() {
    #expect(sineChart().render() == sineSnapshot)
  }

  @Test("without Unicode the same chart is pure ASCII and looks as stored")
  func asciiSnapshot() {
    var chart = sineChart()
    chart.unicode = false
    let text = chart.render()
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
    #expect(text == asciiSineSnapshot)
  }

  @Test("color only adds sequences, except for marks and bands")
  func color() {
    var chart = sineChart(color: true)
    chart.bands = []
    var plain = chart
    plain.color = false
    let stripped = chart.render().replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
    #expect(chart.render().contains("\u{1B}[36m"))
    #expect(stripped == plain.render())
  }

  @Test("marks are seen over the line: red dots with color, letters without")
  func marks() {
    var chart = sineChart()
    let mark = Chart.Mark(time: monday + 40 * hour, value: 80, label: "outlier")
    chart.marks = [mark, .init(time: monday + 60 * hour, value: 20, label: "outlier")]
    let plain = chart.render()
    #expect(plain.split(separator: "\n").dropLast().joined().filter { $0 == "o" }.count >= 3)
    #expect(plain.contains("o outlier (2)"))
    chart.color = true
    #expect(chart.render().contains("\u{1B}[1;31m●\u{1B}[0m"))
  }

  @Test("a stretch of NaN stays empty, a stretch without samples too")
  func gaps() throws {
    let values = (0..<200).map { (100..<150).contains($0) ? Double.nan : 5 }
    var chart = line(values)
    let withNaN = chart.render()
    let kept = (0..<200).filter { !(100..<150).contains($0) }
    chart.lines = [
      .init(
        name: "m", times: kept.map { monday + Int64($0) * hour },
        values: Array(repeating: 5, count: kept.count))
    ]
    #expect(chart.render() == withNaN)
    let row = try #require(withNaN.split(separator: "\n").first { $0.contains(where: isInk) })
    let plot = row.drop { !isInk($0) }
    let empty = plot.filter { $0 == " " }.count
    #expect((10...15).contains(empty))
    #expect(plot.count >= 54)
  }

  @Test("one spike among 100,000 samples reaches the top")
  func spike() throws {
    var values = Array(repeating: 1.0, count: 100_000)
    values[70_001] = 100
    let text = rows(line(values, step: 1_000_000_000))
    #expect(text[1].contains(where: isInk))
  }

  @Test("a constant series is a line with its value among the labels", arguments: [0, 7, -3e12])
  func constant(_ value: Double) {
    let text = rows(line(Array(repeating: value, count: 50)))
    let drawn = text.filter { $0.contains(where: isInk) }
    #expect(drawn.count == 1)
    let label = value == 0 ? "0" : value == 7 ? "7.0" : "-3.0T"
    #expect(drawn.first?.split(separator: " ").first.map(String.init) == label)
  }

  @Test("a single point is drawn in the middle")
  func singlePoint() throws {
    let text = rows(line([42]))
    let row = try #require(text.first { $0.contains(where: isInk) })
    let column = row.distance(
      from: row.startIndex, to: try #require(row.firstIndex(where: isInk)))
    #expect((28...34).contains(column))
  }

  @Test("nothing finite to draw is said", arguments: [[], [Double.nan], [.nan, .infinity]])
  func noData(_ values: [Double]) {
    #expect(line(values).render().contains("no data"))
  }

  @Test("a band that runs away does not press the line flat")
  func runaway() {
    var chart = line((0..<100).map { Double($0 % 10) })
    chart.bands = [
      .init(times: [monday, monday + 99 * hour], lower: [0, -1e9], upper: [9, 1e9])
    ]
    #expect(rows(chart).filter { $0.contains(where: isInk) }.count >= 2)
  }

  @Test("only the range asked for is shown")
  func range() {
    var chart = line((0..<240).map { Double($0) })
    chart.range = TimeRange(
      start: Timestamp(nanoseconds: monday), end: Timestamp(nanoseconds: monday + 24 * hour))
    let text = chart.render()
    #expect(text.contains("2026-08-31 00:00 to 2026-09-01 00:00 UTC"))
    #expect(!text.contains("240"))
  }

  @Test("what a label holds cannot steer the terminal")
  func escapes() {
    var chart = line([1, 2, 3])
    chart.title = "a\u{1B}[2Jb\nc"
    chart.lines[0].name = "x\u{9B}31m\u{202E}y"
    let text = chart.render()
    #expect(!text.unicodeScalars.contains { $0.value == 0x1B || $0.value == 0x9B })
    #expect(text.hasPrefix("a?[2Jb c"))
    #expect(rows(chart).count == 13)
  }

  @Test("any size and any numbers give lines that fit", arguments: 0..<300 as Range<UInt64>)
  func property(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }
    let odd: [Double] = [
      0, -0.0, 1, -1, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
      -.greatestFiniteMagnitude, 1e300, 1e-300, 123_456_789.123, 1e21, 9.999e20,
    ]
    let steps: [Int64] = [1, 999, 1_000_000_000, hour, 86_400 * 1_000_000_000, 1 << 55]
    let starts: [Int64] = [0, monday, .min, .max, -1, .max - 1000]
    func column(_ count: Int) -> [Double] {
      let scale = pow(10, random.uniform() * 600 - 300)
      let isOdd = random.next() % 3 == 0
      return (0..<count).map { _ in isOdd ? pick(odd) : random.bell() * scale }
    }
    func times(_ count: Int) -> [Int64] {
      let step = pick(steps)
      let start = pick(starts)
      return (0..<count).map { start &+ step &* Int64($0) }
    }
    let width = pick([-1, 0, 1, 2, 5, 9, 12, 20, 33, 80, 120, 5000])
    let height = pick([-1, 0, 1, 2, 3, 4, 5, 6, 7, 10, 24])
    var chart = Chart(
      title: pick(["", "title", "温度 of everything there is"]), width: width, height: height,
      color: false, unicode: random.next() % 2 == 0)
    for index in 0..<pick([0, 1, 1, 2, 5]) {
      let count = pick([0, 1, 2, 3, 50, 500])
      chart.lines.append(
        .init(
          name: pick(["", "m", "a very long name 😀"]), times: times(count),
          values: column(pick([count, 0, count + 1])), style: .series(index)))
      let band = pick([0, 1, 30])
      chart.bands.append(
        .init(name: "b", times: times(band), lower: column(band), upper: column(band)))
      chart.marks.append(.init(time: pick(starts), value: pick(odd), label: pick(["", "o", "p"])))
    }
    if random.next() % 2 == 0 { chart.now = Timestamp(nanoseconds: pick(starts)) }
    if random.next() % 4 == 0 {
      chart.range = TimeRange(
        start: Timestamp(nanoseconds: pick(starts)), end: Timestamp(nanoseconds: pick(starts)))
    }
    let text = rows(chart)
    #expect(text.count - 1 == max(1, height), "seed \(seed)")
    #expect(
      text.allSatisfy { DisplayText.width(of: $0) <= max(1, min(width, 1000)) }, "seed \(seed)")
  }
}

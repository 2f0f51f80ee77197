import Testing

@testable import AlmanacForecast

@Suite("Formulas of outliers")
struct OutliersFormulaTests {
  /// From NumPy, sorting where this selects: the middle half of the deviations of a week, the tail
  /// of four weeks, on `noise(40 * 96)` with 9 added at 3000, 96 samples a day.
  @Test("steps and drifts get the reference's surprises")
  func reference() throws {
    var values = OutlierSignals.noise(40 * 96)
    values[3000] += 9
    let table = SurpriseTable(
      values: values, grid: RefitGrid(samplesPerDay: 96, offset: 0), history: 7 * 96, curve: nil)
    let expected: [(SurpriseTable.Part, [(Int, Double)])] = [
      (
        .step,
        [
          (2500, 0.06422441902358599), (3000, 6.2672799030870445), (3001, 6.136064999438832),
          (3333, 0.6846260172833231), (3839, 1.0049404531031754),
        ]
      ),
      (
        .drift,
        [
          (2500, 0.39434926465863374), (3000, 3.649574836556115), (3001, 3.8471196448908307),
          (3333, 1.4160905988798003), (3839, 0.07144917636763244),
        ]
      ),
    ]
    var scratch = [Double](repeating: 0, count: 28 * 96)
    for (part, points) in expected {
      let sizes = table.sizes[part.rawValue]
      for (index, surprise) in points {
        let start = table.starts[table.block(of: index)]
        let tail = try #require(
          ParetoTail(
            sizes, from: table.oldestSize(before: start, back: 28 * 96), to: start, every: 1,
            fewest: 1, longestRun: .max, scratch: &scratch))
        #expect(abs(tail.surprise(sizes[index]) - surprise) < 1e-6, "\(part) at \(index)")
      }
    }
  }

  @Test(
    "the lasting surprise is what a sample and the half hour up to it have in common",
    arguments: [(48, 2, 1), (288, 6, 1), (1440, 30, 1), (4320, 30, 3)])
  func lasting(_ day: Int, _ taps: Int, _ spacing: Int) {
    var values = OutlierSignals.noise(3 * day)
    for index in (day + 60)..<(day + 60 + taps * spacing / 2 + 1) { values[index] = .nan }
    let table = SurpriseTable(
      values: values, grid: RefitGrid(samplesPerDay: day, offset: 0), history: 7 * day, curve: nil)
    let residuals = table.signed[SurpriseTable.Part.residual.rawValue]
    let lasting = table.signed[SurpriseTable.Part.lasting.rawValue]
    let sizes = table.sizes[SurpriseTable.Part.lasting.rawValue]
    for index in day..<(3 * day) {
      let past = (0..<taps).map { residuals[index - $0 * spacing] }.filter { !$0.isNaN }
      guard !values[index].isNaN, 2 * past.count >= taps else {
        #expect(lasting[index].isNaN, "\(index)")
        continue
      }
      let mean = past.reduce(0, +) / Double(past.count)
      let now = residuals[index]
      let common = mean * now > 0 ? (now > 0 ? min(mean, now) : max(mean, now)) : 0
      #expect(abs(lasting[index] - common) < 1e-12, "\(index)")
      let unit = table.refit(table.block(of: index)).residual.unit
      #expect(abs(sizes[index] - abs(common) / unit) < 1e-9)
    }
  }

  /// From NumPy: median, quantile and the shrunk Hill estimate on the same noise.
  @Test("order statistics and the tail's shape agree with the reference")
  func statistics() throws {
    let noise = OutlierSignals.noise(2000)
    var scratch = noise
    #expect(Quantiles.median(reordering: &scratch, count: 999) == -0.005905792377264296)
    scratch = noise
    let quantile = Quantiles.quantile(reordering: &scratch, count: 999, 0.98)
    #expect(abs(quantile - 1.1180540827411145) < 1e-12)
    let tail = try #require(
      ParetoTail(
        noise.map { abs($0) }, from: 0, to: 2000, every: 1, fewest: 1, longestRun: .max,
        scratch: &scratch))
    #expect(abs(tail.bound - 1.2885700037388472) < 1e-12)
    #expect(abs(tail.shape - 0.17261560961188135) < 1e-12)
    for surprise in [0.5, 1.6, 2, 3.7, 8] {
      #expect(abs(tail.surprise(tail.statistic(at: surprise)) - surprise) < 1e-9)
    }
  }

  @Test("selection agrees with sorting", arguments: 1...40)
  func selection(_ count: Int) {
    let values = OutlierSignals.noise(count, seed: UInt64(count)).map { ($0 * 4).rounded() }
    let sorted = values.sorted()
    for rank in 0..<count {
      var scratch = values
      #expect(Quantiles.select(&scratch, count: count, rank: rank) == sorted[rank])
    }
    var scratch = values
    let middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    #expect(Quantiles.median(reordering: &scratch, count: count) == middle)
  }

  @Test("a running median keeps edges and leaves gaps out")
  func runningMedian() {
    var values = [Double](repeating: 1, count: 40)
    for index in 15..<25 { values[index] = 0 }
    values[5] = 9
    values[30] = .nan
    var result = values
    var median = RunningMedian(capacity: 8)
    median.smooth(values, into: &result, taps: 7, spacing: 1)
    #expect(result.indices.allSatisfy { result[$0] == ((15..<25).contains($0) ? 0 : 1) })
    median.smooth([.nan, .nan], into: &result, taps: 7, spacing: 3)
    #expect(result[0].isNaN && result[1].isNaN)
  }

  /// From tables of the two distributions.
  @Test(
    "quantiles of normal and Student's distributions",
    arguments: [(0.5, 0.0), (0.025, 1.959964), (1e-4, 3.719016), (1e-9, 5.997807)])
  func quantiles(_ tail: Double, _ z: Double) {
    #expect(abs(NormalQuantile.upper(tail) - z) < 1e-6)
    #expect(abs(NormalQuantile.studentUpper(0.025, freedom: 10) - 2.228139) < 1e-3)
    #expect(abs(NormalQuantile.studentUpper(0.0005, freedom: 50) - 3.4960) < 1e-3)
  }

  /// Rosner (1983), table 3: 54 values of which the test at level 0.05 finds three outliers.
  @Test("Rosner's own example loses its three outliers")
  func rosner() {
    var values: [Double] = [
      -0.25, 0.68, 0.94, 1.15, 1.20, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58,
      1.65, 1.69, 1.70, 1.76, 1.77, 1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.10, 2.14, 2.15,
      2.23, 2.24, 2.26, 2.35, 2.37, 2.40, 2.47, 2.54, 2.62, 2.64, 2.90, 2.92, 2.92, 2.93, 3.21,
      3.26, 3.30, 3.59, 3.68, 4.30, 4.64, 5.34, 5.42, 6.01,
    ]
    var left = 0
    _ = Fences.esd(&values, count: 54, unit: 1, atMost: 10) {
      left = $0
      return 3
    }
    #expect(left == 51)
  }

  @Test("numbers in reasons are short")
  func short() {
    let expected: [(Double, String)] = [
      (41.2678, "41.3"), (0, "0"), (1234.5678, "1235"), (0.0123456, "0.0123"), (-3, "-3"),
      (1e20, "1e+20"), (93, "93"),
    ]
    for (value, text) in expected { #expect(OutlierWriter.short(value) == text) }
  }
}

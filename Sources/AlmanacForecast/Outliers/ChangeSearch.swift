internal import AlmanacCore
internal import Glibc

/// One search for changes, as ``ChangePoint`` describes it.
struct ChangeSearch {
  private static let mostBins = 2048
  private static let leastBins = 20
  /// Bins that a level lasts at least.
  private static let least = 5
  /// About how likely noise seems to change somewhere.
  private static let rate = 0.005

  /// The values less their rhythm.
  private var values: [Double]
  private let width: Int
  /// The bins that hold a value, and what they hold in units of the usual spread at their time.
  private var bins: [Int] = []
  private var binned: [Double] = []

  /// nil where there are too few values.
  init?(_ series: RegularSeries) {
    let day = Interval.days(1).nanoseconds
    let perDay =
      day % series.step.nanoseconds == 0 ? Int(day / series.step.nanoseconds) : nil
    var width = max(1, (series.count + Self.mostBins - 1) / Self.mostBins)
    // Whole bins a day, where the day has room for them.
    if let perDay, perDay > width {
      while perDay % width != 0 { width += 1 }
    }
    self.width = width
    values = series.values
    var medians = Self.medians(values, width)
    guard medians.count(where: \.isFinite) >= Self.leastBins else { return nil }
    var spread: [Double]?
    if let perDay, perDay % width == 0 {
      let period = perDay / width
      // Days of the week differ by more than an hour.
      for (length, smoothing) in [(period, 1), (7 * period, (period / 4) | 1)] {
        guard
          let profile = RhythmRemoval.profile(of: medians, period: length, width: smoothing)
        else { continue }
        for index in medians.indices { medians[index] -= profile[index % length] }
        for index in values.indices { values[index] -= profile[index / width % length] }
      }
      spread = RhythmRemoval.spread(of: medians, period: period)
    }
    for (index, value) in medians.enumerated() where value.isFinite {
      bins.append(index)
      binned.append(value)
    }
    if let spread { scale(medians, by: spread) }
    // What rounding makes of a constant is no change.
    let unit = 1e-9 * Quantiles.median(binned.map { abs($0) })
    if unit > 0 {
      for position in binned.indices {
        let rounded = (binned[position] / unit).rounded() * unit
        if rounded.isFinite { binned[position] = rounded }
      }
    }
  }

  /// Takes what is in bins to the unit of the usual spread at its time of day.
  private mutating func scale(_ medians: [Double], by spread: [Double]) {
    // About the day's median, so that a level is the same at all times of the day.
    let levels = stride(from: 0, to: medians.count, by: spread.count).map { start in
      let day = medians[start..<min(start + spread.count, medians.count)]
      return Quantiles.median(day.filter(\.isFinite))
    }
    for (position, bin) in bins.enumerated() {
      let level = levels[bin / spread.count]
      binned[position] = level + (binned[position] - level) / spread[bin % spread.count]
    }
  }

  private static func medians(_ values: [Double], _ width: Int) -> [Double] {
    if width == 1 { return values }
    var known = [Double](repeating: 0, count: width)
    return stride(from: 0, to: values.count, by: width).map { start in
      var count = 0
      for index in start..<min(start + width, values.count) where values[index].isFinite {
        known[count] = values[index]
        count += 1
      }
      return Quantiles.median(reordering: &known, count: count)
    }
  }

  // MARK: - Models

  /// The values cut into stretches of one distribution each.
  private struct Model {
    let costs: DistributionCost
    /// Of how many successive values each tells as much as one of independent ones.
    let memory: Double
    let cuts: [Int]
    /// Laplace noise about medians, by the Bayesian information criterion.
    let criterion: Double

    init(_ values: [Double], isSloping: Bool) {
      costs = DistributionCost(values)
      memory = NoiseMemory.length(of: values)
      cuts = Segmentation.cuts(
        costs, penalty: costs.noise(rate: ChangeSearch.rate) * memory, least: ChangeSearch.least)
      let ends = [0] + cuts + [values.count]
      var distance = 0.0
      for (start, end) in zip(ends, ends.dropFirst()) {
        let median = Quantiles.median(values[start..<end])
        for value in values[start..<end] { distance += abs(value - median) }
      }
      let unit = values.reduce(0) { max($0, abs($1)) }
      let size = Double(values.count)
      let numbers = Double(1 + 2 * cuts.count + (isSloping ? 1 : 0))
      criterion =
        2 * size * log(max(distance / size, unit * 1e-12)) + numbers * log(size) * memory
    }
  }

  mutating func run() -> [ChangePoint] {
    var model = Model(binned, isSloping: false)
    guard !model.cuts.isEmpty else { return [] }
    // A slow rise is no staircase.
    let half = binned.count / 2
    let slope = Quantiles.median(
      (0..<binned.count - half).map {
        (binned[$0 + half] - binned[$0]) / Double(bins[$0 + half] - bins[$0])
      })
    var rise = 0.0
    if slope.isFinite, slope != 0 {
      let level = bins.indices.map { binned[$0] - slope * Double(bins[$0]) }
      let sloping = Model(level, isSloping: true)
      if sloping.criterion < model.criterion {
        (model, binned, rise) = (sloping, level, slope / Double(width))
        for index in values.indices { values[index] -= rise * Double(index) }
      }
    }
    return points(model, rise: rise)
  }

  /// The changes of a model of values that rise by `rise` from one to the next.
  private func points(_ model: Model, rise: Double) -> [ChangePoint] {
    let cuts = model.cuts
    let ends = [0] + cuts + [bins.count]
    var places = [0]
    for index in cuts.indices {
      places.append(
        place(of: cuts[index], after: ends[index], before: ends[index + 2], from: places[index]))
    }
    places.append(values.count)
    let stretches = zip(places, places.dropFirst()).map { Stretch(values[$0..<$1]) }
    return cuts.indices.flatMap { index in
      kinds(ends[index], ends[index + 1], ends[index + 2], model).map { kind, score in
        let (before, after) = (stretches[index], stretches[index + 1])
        let place = places[index + 1]
        let line = rise * Double(place)
        return ChangePoint(
          index: place, kind: kind,
          before: kind == .level ? before.median + line : before.deviation,
          after: kind == .level ? after.median + line : after.deviation, score: score)
      }
    }
  }

  // MARK: - What changed

  /// Median and robust standard deviation of some values.
  private struct Stretch {
    let median: Double
    let deviation: Double

    init(_ values: some Collection<Double>) {
      var known = values.filter(\.isFinite)
      let median = Quantiles.median(reordering: &known, count: known.count)
      for index in known.indices { known[index] = abs(known[index] - median) }
      let distance = Quantiles.median(reordering: &known, count: known.count)
      // Of a normal distribution both are one standard deviation.
      let mean = known.isEmpty ? 0 : Quantiles.mean(known)
      deviation = distance > 0 ? 1.4826 * distance : 1.2533 * mean
      self.median = median
    }

    /// `value` as it would be with the standard deviation `deviation`.
    func scaled(_ value: Double, to deviation: Double) -> Double {
      deviation > 0 ? median + (value - median) * (deviation / self.deviation) : value
    }
  }

  /// Whether the level changes beside the spread, or the spread beside the level: what two
  /// distributions gain once the other difference is taken out.
  private func kinds(
    _ start: Int, _ middle: Int, _ end: Int, _ model: Model
  ) -> [(ChangePoint.Kind, score: Double)] {
    let (left, right) = (binned[start..<middle], binned[middle..<end])
    let (before, after) = (Stretch(left), Stretch(right))
    let penalty = model.costs.noise(rate: Self.rate) * model.memory
    let score = { (values: [Double]) -> Double in
      let costs = DistributionCost(values)
      let least = max(penalty, costs.noise(rate: Self.rate) * model.memory)
      return costs.gain(0, middle - start, values.count) / least
    }
    let common = (before.deviation * after.deviation).squareRoot()
    let level = score(
      left.map { before.scaled($0, to: common) } + right.map { after.scaled($0, to: common) })
    let variance = score(left.map { $0 - before.median } + right.map { $0 - after.median })
    let kinds = [(ChangePoint.Kind.level, level), (.variance, variance)].filter { $0.1 >= 1 }
    if !kinds.isEmpty { return kinds.map { ($0.0, score: $0.1) } }
    let both = max(1, model.costs.gain(start, middle, end) / penalty)
    return [(level >= variance ? .level : .variance, score: both)]
  }

  /// The value at which the stretch from `cut` on begins, near the bin and after `lowest`.
  private func place(of cut: Int, after start: Int, before end: Int, from lowest: Int) -> Int {
    let near = 20
    let first = values[bins[max(start, cut - near)] * width..<bins[cut] * width]
    let last = min((bins[min(end, cut + near) - 1] + 1) * width, values.count)
    let second = values[bins[cut] * width..<last]
    let (left, right) = (Laplace(first), Laplace(second))
    let isPlain = min(left.size, right.size) <= 0
    let low = max(lowest + 1, bins[max(start, cut - 3)] * width)
    let high = min((bins[min(end - 1, cut + 2)] + 1) * width, last - 1)
    var sum = 0.0
    var best = (sum: 0.0, place: low)
    for index in low..<max(low, high) where values[index].isFinite {
      let value = values[index]
      sum += left.surprise(value, isPlain: isPlain) - right.surprise(value, isPlain: isPlain)
      if sum < best.sum { best = (sum, index + 1) }
    }
    // The first value after it that is there.
    return values[best.place...].firstIndex(where: \.isFinite) ?? best.place
  }

  /// A Laplace distribution.
  private struct Laplace {
    let median: Double
    let size: Double

    init(_ values: ArraySlice<Double>) {
      let known = values.filter(\.isFinite)
      let median = Quantiles.median(known)
      self.median = median
      size = known.isEmpty ? 0 : Quantiles.mean(known.map { abs($0 - median) })
    }

    /// The negative log-likelihood of a value; plainly its distance.
    func surprise(_ value: Double, isPlain: Bool) -> Double {
      isPlain ? abs(value - median) : abs(value - median) / size + log(size)
    }
  }
}

internal import AlmanacCore

/// Aggregates that take one series after the other, in their order: no value is moved.
extension Aggregation {
  /// The result at each of `times`, on which all samples lie; nil where this is no way to it.
  func combineRows(_ members: [Samples], at times: [Int64]) -> Samples? {
    switch function {
    case .sum, .avg, .count, .group: break
    case .min, .max, .median, .quantile, .stddev, .stdvar: return nil
    }
    let isSum = function == .sum || function == .avg
    var rows = CompensatedSums(count: isSum ? times.count : 0)
    var counts = [Int](repeating: 0, count: times.count)
    var whole = 0
    for member in members {
      let values = member.values
      if values.count == times.count {
        // As many as there are times: one at each.
        whole += 1
        if isSum { rows.add(values) }
        continue
      }
      var position = 0
      for (index, time) in member.timestamps.enumerated() {
        while times[position] < time { position += 1 }
        counts[position] += 1
        if isSum { rows.add(values[index], at: position) }
      }
    }
    for index in counts.indices { counts[index] += whole }
    let values: [Double]
    switch function {
    case .sum: values = rows.values
    case .avg:
      let sums = rows.values
      // A mean may be there where its sum is too large.
      guard sums.allSatisfy(\.isFinite) else { return nil }
      values = zip(sums, counts).map { $0 / Double($1) }
    case .count: values = counts.map(Double.init)
    default: values = [Double](repeating: 1, count: times.count)
    }
    if !counts.contains(0) { return Samples(timestamps: times, values: values) }
    var samples = Samples()
    for index in times.indices where counts[index] > 0 {
      _ = samples.append(time: times[index], value: values[index])
    }
    return samples
  }
}

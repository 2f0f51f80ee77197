internal import AlmanacCore
internal import AlmanacForecast

/// The label values of some series, and which of them the marked ones have more often than others.
struct LabelValues {
  /// One label with one value.
  struct Value {
    var name: String
    var value: String
    /// The places of the series that have it.
    var members: [Int] = []
  }

  /// A value that marked series have more often than others.
  struct Finding {
    var value: Value
    var group: Enrichment.Group
    var result: Enrichment
  }

  private let count: Int
  private var values: [Value] = []
  /// The values of the same series are tried once, by the first of them.
  private var first: [Int] = []

  /// All values of all labels, and of the metric, that some of the series have and some have not:
  /// a value of a single series or of all of them tells nothing, whatever is marked.
  init(of keys: [SeriesKey]) {
    count = keys.count
    var places: [Labels.Label: Int] = [:]
    var all: [Value] = []
    for (index, key) in keys.enumerated() {
      let metric = Labels.Label(name: SeriesKey.metricLabel, value: key.metric)
      for label in [metric] + key.labels.all {
        let place = places[label, default: all.count]
        if place == all.count {
          places[label] = place
          all.append(Value(name: label.name, value: label.value))
        }
        all[place].members.append(index)
      }
    }
    var tried: [[Int]: Int] = [:]
    for value in all where value.members.count > 1 && value.members.count < keys.count {
      first.append(tried[value.members, default: values.count])
      if first.last == values.count { tried[value.members] = values.count }
      values.append(value)
    }
  }

  /// Values that marked series have more often, of a corrected probability of at most
  /// `probability`, the most unlikely first; none where all series are marked, or none.
  func findings(_ marks: [Bool], atMost probability: Double) -> [Finding] {
    let marked = marks.count { $0 }
    guard marked > 0, marked < count else { return [] }
    let tried = values.indices.filter { first[$0] == $0 }
    let groups = tried.map { index in
      Enrichment.Group(
        marked: values[index].members.count { marks[$0] }, size: values[index].members.count)
    }
    let results = Enrichment.test(groups, of: Enrichment.Group(marked: marked, size: count))
    var places = [Int](repeating: 0, count: values.count)
    for (place, index) in tried.enumerated() { places[index] = place }
    return values.indices.compactMap { index -> Finding? in
      let place = places[first[index]]
      guard results[place].lift > 1, results[place].adjusted <= probability else { return nil }
      return Finding(value: values[index], group: groups[place], result: results[place])
    }
    .sorted {
      ($0.result.probability, $0.value.name, $0.value.value)
        < ($1.result.probability, $1.value.name, $1.value.value)
    }
  }
}

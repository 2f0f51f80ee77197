internal import AlmanacCore

/// Series that are alike in the values of some labels.
struct SeriesPool: Sendable {
  /// As `pool=eu-1`, one for each label that they are alike in; empty for a pool of all.
  var values: [String]
  /// Their places among all series.
  var members: [Int] = []

  /// As people read it: `pool=eu-1, role=db`; empty for a pool of all.
  var name: String { values.joined(separator: ", ") }

  /// The pools of series with these keys, in order of their first one.
  static func all(of keys: some Sequence<SeriesKey>, by labels: [String]) -> [SeriesPool] {
    var places: [[String]: Int] = [:]
    var pools: [SeriesPool] = []
    for (index, key) in keys.enumerated() {
      let values = labels.map { "\($0)=\(key.labels[$0] ?? "")" }
      let place = places[values, default: pools.count]
      if place == pools.count {
        places[values] = place
        pools.append(SeriesPool(values: values))
      }
      pools[place].members.append(index)
    }
    return pools
  }
}

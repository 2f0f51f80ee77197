internal import AlmanacCore

/// The samples of several series time by time, in the order of the series.
struct SampleColumns {
  /// The times in order; a column may be empty.
  let times: [Int64]
  private let values: [Double]
  private let owners: [Int]
  /// Where the column of each time begins; one more at the end.
  private let starts: [Int]

  /// - Parameter times: the times that all samples lie on; nil takes those that occur.
  init(_ members: [Samples], at times: [Int64]?) {
    let times = times ?? Self.times(of: members)
    // How many series each time has, then where its values belong, then the values.
    var starts = [Int](repeating: 0, count: times.count + 1)
    for member in members {
      Self.visit(member, times) { position, _ in starts[position + 1] += 1 }
    }
    for index in times.indices { starts[index + 1] += starts[index] }
    var values = [Double](repeating: 0, count: starts[times.count])
    var owners = [Int](repeating: 0, count: starts[times.count])
    var next = starts
    for (owner, member) in members.enumerated() {
      let own = member.values
      Self.visit(member, times) { position, index in
        values[next[position]] = own[index]
        owners[next[position]] = owner
        next[position] += 1
      }
    }
    self.times = times
    self.values = values
    self.owners = owners
    self.starts = starts
  }

  /// The values at the time at `index`.
  subscript(_ index: Int) -> ArraySlice<Double> { values[starts[index]..<starts[index + 1]] }

  /// Which of the series the values at the time at `index` belong to.
  func members(at index: Int) -> ArraySlice<Int> { owners[starts[index]..<starts[index + 1]] }

  /// Calls `body` with the position in `times` of each sample, and with its index.
  private static func visit(_ member: Samples, _ times: [Int64], _ body: (Int, Int) -> Void) {
    let own = member.timestamps
    var position = 0
    for index in own.indices {
      while times[position] < own[index] { position += 1 }
      body(position, index)
      position += 1
    }
  }

  private static func times(of members: [Samples]) -> [Int64] {
    guard let first = members.first?.timestamps else { return [] }
    if members.allSatisfy({ $0.timestamps == first }) { return first }
    var all = members.flatMap(\.timestamps)
    all.sort()
    var kept = 0
    for time in all where kept == 0 || time != all[kept - 1] {
      all[kept] = time
      kept += 1
    }
    all.removeLast(all.count - kept)
    return all
  }
}

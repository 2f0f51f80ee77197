/// The days and quarter days at which everything is refitted, fixed on the absolute grid so that
/// neither the first sample given nor the first one judged moves them.
struct RefitGrid: Sendable {
  /// Samples a day.
  let day: Int
  /// Samples between refits, a quarter of a day.
  let block: Int
  /// Samples between those that fits read: about one a minute.
  let stride: Int
  private let phase: Int

  init(samplesPerDay: Int, offset: Int) {
    day = samplesPerDay
    block = max(samplesPerDay / 4, 1)
    stride = max(samplesPerDay / 1440, 1)
    let rest = offset % samplesPerDay
    phase = rest < 0 ? rest + samplesPerDay : rest
  }

  /// Samples in `minutes`, rounded down.
  func samples(minutes: Int) -> Int { minutes * day / 1440 }

  /// First indices of the refit blocks, or of the days, of `count` samples; the first is 0.
  func starts(count: Int, wholeDays: Bool = false) -> [Int] {
    guard count > 0 else { return [] }
    var result = [0]
    var inDay = phase
    var index = 0
    while true {
      let next = wholeDays ? day : min((inDay / block + 1) * block, day)
      index += next - inDay
      inDay = next == day ? 0 : next
      guard index < count else { return result }
      result.append(index)
    }
  }

  /// One past the last index of the refit block that begins at `start`.
  func end(of start: Int) -> Int {
    let inDay = (start + phase) % day
    return start + min((inDay / block + 1) * block, day) - inDay
  }

  /// The first index at or after `index` that fits read.
  func firstRead(from index: Int) -> Int { first(from: index, every: stride) }

  /// The first index at or after `index` of those that lie `count` apart, counted from midnight of the
  /// first day.
  func first(from index: Int, every count: Int) -> Int {
    let rest = (index + phase) % count
    return rest == 0 ? index : index + count - rest
  }
}

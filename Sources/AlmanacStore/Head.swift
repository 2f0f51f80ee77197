internal import AlmanacCore

/// The newest samples, in memory, of which the journal has a durable copy.
///
/// `recent` takes every write. Sealing makes it a generation, which stays until its samples are in
/// chunks and every reader that began before that has ended: such a reader has a view of the
/// chunks from before. Readers look at chunks, then at the generations, then at `recent`, the
/// later winning, so a sample is never missing while it moves.
struct Head {
  private struct Generation {
    let samples: [SeriesID: Samples]
    /// The epoch that ended when the samples were in chunks; nil until then.
    var endedIn: UInt64?
  }

  private var recent: [SeriesID: Samples] = [:]
  private var generations: [Generation] = []
  private var epoch: UInt64 = 0
  /// How many readers began in each epoch and have not ended.
  private var readers: [UInt64: Int] = [:]
  /// How many samples `recent` took since the last seal began.
  private(set) var recentCount = 0

  /// Adds the `count` samples that `point` gives; the last write of a time wins.
  ///
  /// Samples at the end of their series cost constant time. The late ones of a call are sorted and
  /// merged together, so that a batch that comes newest first is no slower than a merge.
  mutating func insert(
    _ count: Int, _ point: (Int) -> (id: SeriesID, time: Int64, value: Double)
  ) {
    var late: [SeriesID: [(time: Int64, value: Double)]] = [:]
    for index in 0..<count {
      let (id, time, value) = point(index)
      if !recent[id, default: Samples()].append(time: time, value: value) {
        late[id, default: []].append((time, value))
      }
    }
    for (id, points) in late { recent[id, default: Samples()].merge(late: points) }
    recentCount += count
  }

  /// The samples of one series that a reader's view of the chunks may lack.
  func samples(_ id: SeriesID) -> Samples {
    var all = Samples()
    for generation in generations {
      if let older = generation.samples[id] { all = all.merging(older) }
    }
    if let newest = recent[id] { all = all.merging(newest) }
    return all
  }

  // MARK: - Readers

  /// Registers a reader, before its transaction begins.
  mutating func beginRead() -> UInt64 {
    readers[epoch, default: 0] += 1
    return epoch
  }

  /// Lets go of what only this reader needed.
  mutating func endRead(_ began: UInt64) {
    if let count = readers[began] { readers[began] = count > 1 ? count - 1 : nil }
    dropGenerations()
  }

  private mutating func dropGenerations() {
    let oldest = readers.keys.min() ?? epoch
    generations.removeAll { generation in generation.endedIn.map { $0 < oldest } ?? false }
  }

  // MARK: - Sealing

  /// Everything taken so far, to be made into chunks.
  mutating func beginSealing() -> [SeriesID: Samples] {
    generations.append(Generation(samples: recent))
    let sealing = recent
    recent = [:]
    recentCount = 0
    return sealing
  }

  /// The samples of the generation that was begun last are in chunks.
  mutating func endSealing() {
    generations[generations.count - 1].endedIn = epoch
    epoch += 1
    dropGenerations()
  }

  /// The generation that was begun last could not be written: it joins what comes after it.
  mutating func cancelSealing() {
    let generation = generations.removeLast()
    for (id, samples) in generation.samples {
      recentCount += samples.count
      recent[id] = samples.merging(recent[id] ?? Samples())
    }
  }
}

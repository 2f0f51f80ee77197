internal import AlmanacCore

/// The head segments: the one that takes writes and those that wait to be sealed.
struct Head {
  /// Takes the writes.
  private(set) var active: HeadSegment
  /// Full, in order of generation, readable until their samples are in parts.
  private(set) var full: [HeadSegment] = []

  init(active: HeadSegment, full: [HeadSegment] = []) {
    self.active = active
    self.full = full
  }

  /// All segments in order of their writes.
  var segments: [HeadSegment] { full + [active] }

  /// `next` takes the writes from now on.
  mutating func rotate(to next: HeadSegment) {
    full.append(active)
    active = next
  }

  /// The samples of the oldest full segment are in parts.
  mutating func dropOldest() { full.removeFirst() }
}

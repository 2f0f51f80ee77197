/// The series in memory: their keys by number, their numbers by key, and their labels. Knows no
/// lock: one writer alone, or readers alone.
struct SeriesTables: ~Copyable {
  private let hash = KeyHash()
  private var slots = HashSlots()
  private var keys = ByteArena()
  private var pages = SeriesPages()
  private(set) var labels: LabelPairs
  /// The highest number given, but for those taken back.
  private(set) var lastID: UInt32 = 0

  init() {
    labels = LabelPairs(hash)
  }

  var count: Int { pages.count }

  var memoryBytes: Int {
    slots.memoryBytes + keys.memoryBytes + pages.memoryBytes + labels.memoryBytes
  }

  /// The numbers of all series, ascending.
  var ids: [UInt32] { pages.ids }

  /// The key of a series, nil where there is none.
  @inline(__always)
  func key(of id: UInt32) -> UnsafeRawBufferPointer? {
    pages[id].map { ByteArena.bytes(of: $0) }
  }

  /// The series with a key, or 0.
  @inline(__always)
  func find(_ key: UnsafeRawBufferPointer, _ hash: UInt32) -> UInt32 {
    slots.find(hash) { id in
      guard let entry = pages[id] else { return false }
      return isSame(ByteArena.bytes(of: entry), key)
    }
  }

  @inline(__always)
  func hash(of key: UnsafeRawBufferPointer) -> UInt32 { hash(key) }

  /// Adds a key that is not there under a number above all others.
  mutating func add(_ key: UnsafeRawBufferPointer, _ hash: UInt32, as id: UInt32) {
    if id <= lastID { preconditionFailure("BUG: series \(id) after \(lastID)") }
    let entry = keys.append(key, owner: id)
    slots.insert(hash, id)
    pages.set(id, to: entry)
    labels.add(id, ByteArena.bytes(of: entry))
    lastID = id
  }

  /// Forgets series; numbers that are none are passed over.
  mutating func remove(_ ids: some Sequence<UInt32>) {
    var touched = Bitmap(upTo: labels.lastPair)
    var entries: [UnsafeRawPointer] = []
    var first = UInt32.max
    for id in ids {
      guard let entry = pages.remove(id) else { continue }
      let key = ByteArena.bytes(of: entry)
      forEachPair(of: key) { touched.insert($0) }
      slots.remove(hash(key), id)
      entries.append(entry)
      first = min(first, id)
    }
    guard !entries.isEmpty else { return }
    labels.remove(from: touched, first: first) { pages[$0] != nil }
    // Last: keys move now.
    for (id, entry) in keys.remove(entries) { pages.set(id, to: entry) }
  }

  /// Takes the numbers above `last` back.
  mutating func truncate(to last: UInt32) {
    guard last < lastID else { return }
    remove(last + 1...lastID)
    lastID = last
  }

  /// The pairs of a key.
  func forEachPair(of key: UnsafeRawBufferPointer, _ body: (UInt32) -> Void) {
    var parts = KeyLabels(key)
    while let label = parts.next() {
      let name = label.isMetric ? LabelPairs.metric : labels.name(label.name)
      if let name, label.isMetric || name != LabelPairs.metric,
        let pair = labels.pair(name, label.value)
      {
        body(pair)
      }
    }
  }

  /// The value of the label `name` in a key; empty where it is absent.
  @inline(__always)
  static func value(
    of name: UnsafeRawBufferPointer, isMetric: Bool, in key: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer {
    var parts = KeyLabels(key)
    while let label = parts.next() {
      if isMetric || (!label.isMetric && isSame(label.name, name)) { return label.value }
    }
    return UnsafeRawBufferPointer(start: nil, count: 0)
  }
}

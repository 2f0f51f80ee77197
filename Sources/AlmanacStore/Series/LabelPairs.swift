internal import AlmanacCore
internal import Glibc

/// Names of labels with their values, and the series that have each.
///
/// A name and a value make a pair, which is kept once and known by a number. A pair that lost its
/// last series stays until most pairs of its name did.
struct LabelPairs: ~Copyable {
  private struct Pair {
    var postings = Postings()
    /// 0 where the number is free.
    var name: UInt32
    /// In `values`.
    var value: UnsafeRawPointer
  }

  private struct Name {
    let text: [UInt8]
    /// All pairs of the name, those without series too.
    var pairs: [UInt32] = []
    /// How many pairs have series.
    var live = 0
    let order = ValueOrder()
  }

  /// A label of the series that was added last: the next series often has the same.
  private struct Recent {
    var label: KeyLabels.Label
    var name: UInt32
    var pair: UInt32
  }

  /// The name of the metric's pairs.
  static let metric: UInt32 = 1

  private let hash: KeyHash
  private var names: [Name] = []
  private var nameSlots = HashSlots()
  private var pairs: UnsafeMutablePointer<Pair>
  private var capacity = 16
  /// The highest number given to a pair.
  private(set) var lastPair: UInt32 = 0
  private var freePairs: [UInt32] = []
  private var pairSlots = HashSlots()
  private var values = ByteArena()
  private var recent: [Recent] = []

  init(_ hash: KeyHash) {
    self.hash = hash
    pairs = Self.resized(nil, to: capacity)
    SeriesKey.metricLabel.withBytes { _ = addName($0) }
  }

  deinit {
    for pair in 0..<Int(lastPair) { pairs[pair].postings.removeAll() }
    free(pairs)
  }

  var memoryBytes: Int {
    var bytes = capacity * MemoryLayout<Pair>.stride + freePairs.capacity * 4
    bytes += nameSlots.memoryBytes + pairSlots.memoryBytes + values.memoryBytes
    for pair in 0..<Int(lastPair) { bytes += pairs[pair].postings.memoryBytes }
    for name in names {
      bytes += MemoryLayout<Name>.stride + name.text.count + name.pairs.capacity * 4
      bytes += name.order.memoryBytes
    }
    return bytes
  }

  // MARK: - Reading

  /// Numbers of names are 1 to this.
  var nameCount: UInt32 { UInt32(names.count) }

  /// The number of a name, or nil.
  func name(_ text: UnsafeRawBufferPointer) -> UInt32? {
    let name = nameSlots.find(hash(text)) { number in
      names[Int(number) - 1].text.withUnsafeBytes { isSame($0, text) }
    }
    return name == 0 ? nil : name
  }

  /// The text of a name.
  func text(ofName name: UInt32) -> [UInt8] { names[Int(name) - 1].text }

  /// How many values a name has.
  func valueCount(of name: UInt32) -> Int { names[Int(name) - 1].live }

  /// The number of the pair of a name with a value, or nil.
  @inline(__always)
  func pair(_ name: UInt32, _ value: UnsafeRawBufferPointer) -> UInt32? {
    let pair = findPair(name, value, hash(value, salt: name))
    return pair == 0 ? nil : pair
  }

  @inline(__always)
  private func findPair(
    _ name: UInt32, _ value: UnsafeRawBufferPointer, _ hash: UInt32
  ) -> UInt32 {
    pairSlots.find(hash) { number in
      let pair = pairs + (Int(number) - 1)
      return pair.pointee.name == name && isSame(ByteArena.bytes(of: pair.pointee.value), value)
    }
  }

  /// The value of a pair.
  @inline(__always)
  func value(of pair: UInt32) -> UnsafeRawBufferPointer {
    ByteArena.bytes(of: pairs[Int(pair) - 1].value)
  }

  /// The series of a pair.
  @inline(__always)
  func ids(of pair: UInt32) -> UnsafeBufferPointer<UInt32> {
    // `postings` is the first member.
    UnsafeRawPointer(pairs + (Int(pair) - 1)).withMemoryRebound(to: Postings.self, capacity: 1) {
      Postings.ids($0)
    }
  }

  /// The pairs of a name in the order they came, those without series too.
  func pairs(of name: UInt32) -> [UInt32] { names[Int(name) - 1].pairs }

  /// The pairs of a name by their values, those without series too.
  func sortedPairs(of name: UInt32) -> [UInt32] {
    names[Int(name) - 1].order.sorted(names[Int(name) - 1].pairs) { value(of: $0) }
  }

  // MARK: - Adding

  /// Adds series `id`, above all others; `key` must stay where it is until a series is removed.
  mutating func add(_ id: UInt32, _ key: UnsafeRawBufferPointer) {
    var labels = KeyLabels(key)
    var position = 0
    while true {
      if position < recent.count, labels.skip(recent[position].label.whole) {
        append(id, to: recent[position].pair)
      } else {
        guard let label = labels.next() else { break }
        let name = nameNumber(label, at: position)
        let pair = pairNumber(name, label)
        let new = Recent(label: label, name: name, pair: pair)
        if position < recent.count { recent[position] = new } else { recent.append(new) }
        append(id, to: pair)
      }
      position += 1
    }
    if position < recent.count { recent.removeLast(recent.count - position) }
  }

  @inline(__always)
  private mutating func append(_ id: UInt32, to pair: UInt32) {
    guard pair != 0 else { return }
    let pointer = pairs + (Int(pair) - 1)
    if pointer.pointee.postings.count == 0 { names[Int(pointer.pointee.name) - 1].live += 1 }
    pointer.pointee.postings.append(id)
  }

  private mutating func nameNumber(_ label: KeyLabels.Label, at position: Int) -> UInt32 {
    if label.isMetric { return Self.metric }
    if position < recent.count, isSame(recent[position].label.name, label.name) {
      return recent[position].name
    }
    return name(label.name) ?? addName(label.name)
  }

  private mutating func addName(_ text: UnsafeRawBufferPointer) -> UInt32 {
    names.append(Name(text: Array(text)))
    let name = UInt32(names.count)
    nameSlots.insert(hash(text), name)
    return name
  }

  /// The pair of a label, made where there is none; 0 for an empty value, which is no label, and
  /// for a label that is called as the metric is.
  private mutating func pairNumber(_ name: UInt32, _ label: KeyLabels.Label) -> UInt32 {
    if label.value.isEmpty || (name == Self.metric && !label.isMetric) { return 0 }
    let hash = hash(label.value, salt: name)
    let known = findPair(name, label.value, hash)
    if known != 0 { return known }
    let number = newNumber()
    let value = values.append(label.value, owner: number)
    (pairs + (Int(number) - 1)).initialize(to: Pair(name: name, value: value))
    pairSlots.insert(hash, number)
    names[Int(name) - 1].pairs.append(number)
    return number
  }

  private mutating func newNumber() -> UInt32 {
    if let free = freePairs.popLast() { return free }
    if lastPair == .max { preconditionFailure("BUG: more labels than numbers") }
    if Int(lastPair) == capacity {
      capacity *= 2
      pairs = Self.resized(pairs, to: capacity)
    }
    lastPair += 1
    return lastPair
  }

  /// Large blocks are moved by the system without copying.
  private static func resized(
    _ pairs: UnsafeMutablePointer<Pair>?, to capacity: Int
  ) -> UnsafeMutablePointer<Pair> {
    guard let memory = realloc(pairs, capacity * MemoryLayout<Pair>.stride) else {
      fatalError("no memory for \(capacity) labels")
    }
    return memory.bindMemory(to: Pair.self, capacity: capacity)
  }

  // MARK: - Removing

  /// Takes series away from the pairs of `touched`: those from `first` on that `isKept` denies.
  mutating func remove(from touched: Bitmap, first: UInt32, _ isKept: (UInt32) -> Bool) {
    recent.removeAll()
    var emptied: Set<UInt32> = []
    for pair in touched.numbers {
      let pointer = pairs + (Int(pair) - 1)
      pointer.pointee.postings.filter(from: first, isKept)
      guard pointer.pointee.postings.count == 0 else { continue }
      names[Int(pointer.pointee.name) - 1].live -= 1
      emptied.insert(pointer.pointee.name)
    }
    for name in emptied {
      let name = Int(name) - 1
      if names[name].pairs.count > 2 * names[name].live { purge(name) }
    }
  }

  /// Forgets the pairs of a name that have no series.
  private mutating func purge(_ name: Int) {
    let all = names[name].pairs
    names[name].pairs = all.filter { pairs[Int($0) - 1].postings.count > 0 }
    names[name].order.reset()
    let dead = all.filter { pairs[Int($0) - 1].postings.count == 0 }
    for number in dead {
      let pair = pairs[Int(number) - 1]
      pairSlots.remove(hash(ByteArena.bytes(of: pair.value), salt: pair.name), number)
      pairs[Int(number) - 1].name = 0
    }
    for (number, value) in values.remove(dead.map { pairs[Int($0) - 1].value }) {
      pairs[Int(number) - 1].value = value
    }
    freePairs.append(contentsOf: dead)
  }
}

extension String {
  /// Hands out the UTF-8 bytes.
  func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    var text = self
    return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }
}

/// The series of one batch: from the raw bytes of a line's measurement and tags, and of a field's
/// name, to the index of a series. What the cache knows needs no key; the other keys are put into
/// canonical form once for each distinct pair.
struct SeriesTable: ~Copyable {
  /// Measurement and tags as they stand in a line, with what they mean.
  struct Prefix: BitwiseCopyable {
    /// The raw bytes in the body.
    let start: UnsafeRawPointer
    /// What the cache knows about it, and how many of those fields were looked at in order.
    let record: CacheRecord?
    let length: UInt32
    var cachedFields: Int32 = 0
    var firstField: Int32 = -1
    var lastField: Int32 = -1
    var fieldCount: Int32 = 0
    /// Its canonical form as an index of `canonical`, or -1 until a key is needed.
    var canonical: Int32 = -1
    /// Whether the cache will soon forget `record`.
    let isOld: Bool
    /// Whether there is anything for the cache to learn.
    var teaches = false

    var count: Int { Int(length) }
  }

  /// A field's name as it stands in a line behind one prefix.
  struct Field: BitwiseCopyable {
    let start: UnsafeRawPointer
    /// The first eight bytes, to compare a short name at once.
    let head: UInt64
    let length: UInt32
    let prefix: Int32
    /// The field that came behind this one when it was first seen, or -1.
    var next: Int32 = -1
    /// The series, or -1 until a line with this field is accepted.
    var series: Int32 = -1
    /// The number of the series in the store, or 0 if the cache does not know.
    let id: UInt32

    var count: Int { Int(length) }

    /// Whether a line must be accepted to give this field a series, and the series a key.
    var needsKey: Bool { series < 0 && id == 0 }
  }

  private(set) var prefixes = Column<Prefix>(capacity: 64)
  private(set) var fields = Column<Field>(capacity: 256)
  /// The series of the batch, as `Batch` has them.
  private(set) var keyBytes: [UInt8] = []
  private(set) var keyEnds = Column<Int>(capacity: 256)
  private(set) var ids = Column<UInt32>(capacity: 256)
  /// How many bytes of keys were put together, those found to be known included.
  private(set) var builtBytes = 0
  private var canonical: [CanonicalPrefixes.Bounds] = []
  private var canonicalPrefixes: CanonicalPrefixes

  private var prefixIndex = HashIndex()
  private var fieldIndex = HashIndex()
  private var seriesIndex = HashIndex()

  /// What prefixes are hashed with.
  let seed: UInt64
  private let cache: CacheReader
  /// Whether the cache will learn.
  private let isTeaching: Bool

  /// Fields of one prefix are looked for one by one up to this many, by hash from there on.
  private static let listed: Int32 = 16

  /// The series of a body that is sent to `database`; `isTeaching` says whether `cache` will learn.
  init(database: [UInt8], cache: CacheReader, isTeaching: Bool) {
    seed = cache.prefixSeed
    self.cache = cache
    self.isTeaching = isTeaching
    canonicalPrefixes = CanonicalPrefixes(database: database)
  }

  /// Makes room for a body `factor` times as long as what was read of it.
  mutating func reserve(times factor: Double) {
    prefixes.reserve(Int(Double(prefixes.count) * factor) + 16)
    fields.reserve(Int(Double(fields.count) * factor) + 16)
    keyEnds.reserve(Int(Double(keyEnds.count) * factor) + 16)
    ids.reserve(Int(Double(ids.count) * factor) + 16)
    prefixIndex.reserve(Int(Double(prefixes.count) * factor) + 16)
  }

  // MARK: - Prefixes

  /// How many prefixes were new in the batch and known to the cache since one was not.
  var newInARow = 0

  /// Brings near what `prefix` will look at for these prefixes, all at once: each alone would wait
  /// for memory.
  func touch(_ ahead: borrowing Column<PrefixAhead>) {
    for index in 0..<ahead.count { ahead[index].near = cache.slot(ahead[index].hash) }
    for index in 0..<ahead.count {
      let line = ahead[index]
      ahead[index].near =
        cache.head(ofSlot: line.near) ^ UInt64(prefixIndex.slot(line.hash))
    }
  }

  /// The index of the prefix from `start` to `end`, an unescaped space; `hash` is its hash.
  @inline(__always)
  mutating func prefix(
    at start: UnsafeRawPointer, to end: UnsafeRawPointer, hash: UInt64
  ) throws(Fault) -> Int32 {
    let count = end - start
    var probe = prefixIndex.probe(hash)
    while let candidate = prefixIndex.next(&probe) {
      let prefix = prefixes[Int(candidate)]
      if prefix.count == count, sameBytes(prefix.start, start, count) {
        newInARow = 0
        return candidate
      }
    }
    let index = Int32(truncatingIfNeeded: prefixes.count)
    if let known = cache.find(start, count, hash: hash) {
      // It was accepted before.
      prefixes.append(
        Prefix(
          start: start, record: known.record, length: UInt32(truncatingIfNeeded: count),
          isOld: known.isOld))
      newInARow += 1
    } else {
      try addPrefix(at: start, count: count)
    }
    prefixIndex.insert(hash, index)
    return index
  }

  @inline(never)
  private mutating func addPrefix(at start: UnsafeRawPointer, count: Int) throws(Fault) {
    let bounds = try canonicalPrefixes.add(from: start, to: start + count)
    prefixes.append(
      Prefix(
        start: start, record: nil, length: UInt32(truncatingIfNeeded: count),
        canonical: Int32(truncatingIfNeeded: canonical.count), isOld: false))
    canonical.append(bounds)
  }

  /// The most bytes of a key with the prefix at `index`, but for the name of the field.
  func longestKey(of index: Int32) -> Int {
    let position = Int(prefixes[Int(index)].canonical)
    return position < 0 ? 0 : canonical[position].count + 2
  }

  /// The canonical form of the prefix at `index`, read from the line where the cache spared that.
  private mutating func bounds(of index: Int32) throws(Fault) -> CanonicalPrefixes.Bounds {
    let prefix = prefixes[Int(index)]
    if prefix.canonical >= 0 { return canonical[Int(prefix.canonical)] }
    let bounds = try canonicalPrefixes.add(from: prefix.start, to: prefix.start + prefix.count)
    prefixes[Int(index)].canonical = Int32(truncatingIfNeeded: canonical.count)
    canonical.append(bounds)
    return bounds
  }

  // MARK: - Fields

  /// Whether the cache expects another field of `prefix`, and its raw name stands at `p`; the field
  /// and the byte behind the equals sign.
  @inline(__always)
  mutating func cachedField(
    of prefix: Int32, at p: UnsafeRawPointer, before end: UnsafeRawPointer
  ) -> (field: Int32, behind: UnsafeRawPointer)? {
    let next = prefixes[Int(prefix)].cachedFields
    guard let record = prefixes[Int(prefix)].record, Int(next) < record.fieldCount
    else { return nil }
    let known = record.field(Int(next))
    let name = cache.name(known, isOld: prefixes[Int(prefix)].isOld)
    let count = name.count
    guard
      let behind = p.behindName(
        name.bytes, count, head: name.bytes.word, before: end)
    else { return nil }
    prefixes[Int(prefix)].cachedFields = next + 1
    return (append(of: prefix, at: p, count: count, head: p.head(count), id: known.id), behind)
  }

  /// The index of the field of `prefix` with the raw name from `start` to `end`, an equals sign.
  @inline(never)
  mutating func field(
    of prefix: Int32, at start: UnsafeRawPointer, to end: UnsafeRawPointer
  ) throws(Fault) -> Int32 {
    let count = end - start
    var candidate = prefixes[Int(prefix)].firstField
    var steps: Int32 = 0
    while candidate >= 0, steps < Self.listed {
      let field = fields[Int(candidate)]
      if field.count == count, sameBytes(field.start, start, count) { return candidate }
      candidate = field.next
      steps += 1
    }
    guard prefixes[Int(prefix)].fieldCount >= Self.listed else {
      return try addField(of: prefix, at: start, count: count)
    }
    var probe = fieldIndex.probe(fieldHash(of: prefix, at: start, count: count))
    while let candidate = fieldIndex.next(&probe) {
      let field = fields[Int(candidate)]
      if field.prefix == prefix, field.count == count, sameBytes(field.start, start, count) {
        return candidate
      }
    }
    return try addField(of: prefix, at: start, count: count)
  }

  private func fieldHash(of prefix: Int32, at start: UnsafeRawPointer, count: Int) -> UInt64 {
    hash(start, count, seed ^ UInt64(UInt32(bitPattern: prefix)))
  }

  private mutating func addField(
    of prefix: Int32, at start: UnsafeRawPointer, count: Int
  ) throws(Fault) -> Int32 {
    let head = AlmanacIngest.head(start, count)
    if let record = prefixes[Int(prefix)].record,
      let position = cache.field(
        of: record, isOld: prefixes[Int(prefix)].isOld, start, count)
    {
      // Those before are found here too; so no field is added twice.
      let next = Int32(truncatingIfNeeded: position + 1)
      prefixes[Int(prefix)].cachedFields = max(prefixes[Int(prefix)].cachedFields, next)
      let id = record.field(position).id
      return append(of: prefix, at: start, count: count, head: head, id: id)
    }
    try validate(start, start + count)
    let bounds = try bounds(of: prefix)
    // The metric's own zero byte and, unless the field is `value`, an underscore and its name.
    let isValue = count == 5 && head == valueName
    let name = isValue ? 0 : 1 + count - escapes(start, start + count)
    let length = bounds.count + name + 1
    if length > LineProtocol.keyLimit { throw Fault(.keyLength(length), at: start) }
    return append(of: prefix, at: start, count: count, head: head, id: 0)
  }

  @inline(__always)
  private mutating func append(
    of prefix: Int32, at start: UnsafeRawPointer, count: Int, head: UInt64, id: UInt32
  ) -> Int32 {
    let index = Int32(truncatingIfNeeded: fields.count)
    fields.append(
      Field(
        start: start, head: head, length: UInt32(truncatingIfNeeded: count), prefix: prefix,
        id: id))
    let last = prefixes[Int(prefix)].lastField
    if last >= 0 {
      fields[Int(last)].next = index
    } else {
      prefixes[Int(prefix)].firstField = index
    }
    prefixes[Int(prefix)].lastField = index
    prefixes[Int(prefix)].fieldCount += 1
    if prefixes[Int(prefix)].fieldCount > Self.listed { addToIndex(index) }
    return index
  }

  @inline(never)
  private mutating func addToIndex(_ index: Int32) {
    let field = fields[Int(index)]
    fieldIndex.insert(fieldHash(of: field.prefix, at: field.start, count: field.count), index)
  }

  // MARK: - Series

  /// The series of the field at `index`, added where it is new.
  @inline(__always)
  mutating func series(of index: Int32) -> Int32 {
    let known = fields[Int(index)].series
    if known >= 0 { return known }
    let id = fields[Int(index)].id
    guard id != 0 else { return addSeries(of: index) }
    let series = Int32(truncatingIfNeeded: ids.count)
    keyEnds.append(keyBytes.count)
    ids.append(id)
    fields[Int(index)].series = series
    let prefix = fields[Int(index)].prefix
    if prefixes[Int(prefix)].isOld { teach(prefix) }
    return series
  }

  @inline(never)
  private mutating func addSeries(of index: Int32) -> Int32 {
    let field = fields[Int(index)]
    let bounds = canonical[Int(prefixes[Int(field.prefix)].canonical)]
    let start = keyBytes.count
    canonicalPrefixes.bytes.withUnsafeBufferPointer { text in
      keyBytes.append(contentsOf: text[bounds.measurement..<bounds.tags])
      if !(field.count == 5 && field.head == valueName) {
        keyBytes.append(UInt8(ascii: "_"))
        appendUnescaped(field.start, field.start + field.count, to: &keyBytes)
      }
      keyBytes.append(0)
      keyBytes.append(contentsOf: text[bounds.tags..<bounds.end])
    }
    builtBytes += keyBytes.count - start
    teach(field.prefix)
    let series = lookUp(from: start)
    fields[Int(index)].series = series
    return series
  }

  /// The series whose key is at the end of `keyBytes`; takes it away again where it is known.
  private mutating func lookUp(from start: Int) -> Int32 {
    let count = keyBytes.count - start
    var found: Int32?
    var hash: UInt64 = 0
    keyBytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      hash = AlmanacIngest.hash(base + start, count, seed)
      var probe = seriesIndex.probe(hash)
      while found == nil, let candidate = seriesIndex.next(&probe) {
        let from = candidate == 0 ? 0 : keyEnds[Int(candidate) - 1]
        if keyEnds[Int(candidate)] - from == count,
          sameBytes(base + from, base + start, count)
        {
          found = candidate
        }
      }
    }
    if let found {
      keyBytes.removeLast(count)
      return found
    }
    let index = Int32(truncatingIfNeeded: keyEnds.count)
    keyEnds.append(keyBytes.count)
    ids.append(0)
    seriesIndex.insert(hash, index)
    return index
  }

  // MARK: - Lessons

  private var taught = 0

  @inline(never)
  private mutating func teach(_ prefix: Int32) {
    if !isTeaching || prefixes[Int(prefix)].teaches { return }
    prefixes[Int(prefix)].teaches = true
    taught += 1
  }

  /// Adds what the cache can learn to `lessons`.
  func teach(_ lessons: inout Lessons) {
    if taught == 0 { return }
    for index in 0..<prefixes.count where prefixes[index].teaches {
      let prefix = prefixes[index]
      lessons.add(prefix: prefix.start, count: prefix.count)
      var next = prefix.firstField
      while next >= 0 {
        let field = fields[Int(next)]
        if field.series >= 0 {
          lessons.add(field: field.start, count: field.count, series: field.series)
        }
        next = field.next
      }
    }
  }
}

/// `value` as the first bytes of a word.
private let valueName: UInt64 = 0x65_75_6C_61_76

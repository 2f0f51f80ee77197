internal import AlmanacCore
/// The series of one batch: from the raw bytes of a line's measurement and tags, and of a field's
/// name, to the index of a series. Keys are put into canonical form once for each distinct pair.
struct SeriesTable: ~Copyable {
  /// Measurement and tags as they stand in a line, with what they mean.
  struct Prefix {
    /// The raw bytes in the body.
    let start: UnsafeRawPointer
    let count: Int
    let hash: UInt64
    /// Where in `text` the measurement and, right behind it, the tags in canonical form are.
    let measurement: Int
    let tags: Int
    let textEnd: Int
    var firstField: Int32 = -1
    var lastField: Int32 = -1
    var fieldCount: Int32 = 0

    /// The length of a key with this prefix, but for the name of the field.
    var longestKey: Int { textEnd - measurement + 2 }
  }

  /// A field's name as it stands in a line behind one prefix.
  struct Field {
    let start: UnsafeRawPointer
    let count: Int
    /// The first eight bytes with their mask, to compare a short name at once.
    let head: UInt64
    let mask: UInt64
    let prefix: Int32
    /// The field that came behind this one when it was first seen, or -1.
    var next: Int32 = -1
    /// The series, or -1 until a line with this field is accepted.
    var series: Int32 = -1
  }

  private(set) var prefixes: [Prefix] = []
  private(set) var fields: [Field] = []
  /// How many bytes of keys were put together, those found to be known included.
  private(set) var builtBytes = 0
  /// Measurements and canonical tags, unescaped.
  private var text: [UInt8] = []
  /// Reused by `addPrefix`.
  private var scratch: [UInt8] = []
  private var tags: [Tag] = []

  private var prefixIndex = HashIndex()
  private var fieldIndex = HashIndex()
  private var seriesIndex = HashIndex()

  private let seed: UInt64
  private let database: [UInt8]
  private let databaseHasZero: Bool

  /// Fields of one prefix are looked for one by one up to this many, by hash from there on.
  private static let listed: Int32 = 16

  /// A tag in `scratch`: its name, then its value.
  private struct Tag {
    var start: Int
    var nameEnd: Int
    var end: Int
    /// Where it stands in the line.
    var raw: UnsafeRawPointer
  }

  init(database: [UInt8]) {
    // A seed of its own for each batch: nobody can choose keys that collide.
    seed = UInt64.random(in: .min ... .max)
    self.database = database
    databaseHasZero = database.contains(0)
  }

  // MARK: - Prefixes

  /// The index of the prefix from `start` to `end`, which is an unescaped space or the line's end.
  mutating func prefix(
    at start: UnsafeRawPointer, to end: UnsafeRawPointer
  ) throws(Fault) -> Int32 {
    let count = end - start
    let hash = hash(start, count, seed)
    var probe = prefixIndex.probe(hash)
    while let candidate = prefixIndex.next(&probe) {
      let prefix = prefixes[Int(candidate)]
      if prefix.hash == hash, prefix.count == count, sameBytes(prefix.start, start, count) {
        return candidate
      }
    }
    let index = Int32(truncatingIfNeeded: prefixes.count)
    try addPrefix(at: start, count: count, hash: hash)
    prefixIndex.insert(hash, index)
    return index
  }

  private mutating func addPrefix(
    at start: UnsafeRawPointer, count: Int, hash: UInt64
  ) throws(Fault) {
    let end = start + count
    scratch.removeAll(keepingCapacity: true)
    tags.removeAll(keepingCapacity: true)
    var p = start
    if p.byte == UInt8(ascii: ",") { throw Fault(.missingMeasurement, at: p) }
    while p < end, p == start || p.byte != UInt8(ascii: ",") || p.isEscaped { p += 1 }
    let measurementEnd = p
    let measurement = text.count
    try validate(start, end)
    if databaseHasZero { throw Fault(.zeroByteInDatabase, at: start) }
    var isSorted = true
    var hasDatabase = database.isEmpty
    while p < end {
      let raw = p + 1
      let (equals, valueEnd) = try Self.tag(at: raw, before: end)
      let tagStart = scratch.count
      appendUnescaped(raw, equals, to: &scratch)
      let nameEnd = scratch.count
      if scratch[tagStart...].elementsEqual(Self.metricTag) { throw Fault(.reservedTag, at: raw) }
      appendUnescaped(equals + 1, valueEnd, to: &scratch)
      let tag = Tag(start: tagStart, nameEnd: nameEnd, end: scratch.count, raw: raw)
      if let last = tags.last, isSorted {
        let order = compare(last, tag)
        if order == 0 { throw Fault(.duplicateTags, at: raw) }
        isSorted = order < 0
      }
      hasDatabase = hasDatabase || isDatabase(tag)
      tags.append(tag)
      p = valueEnd
    }
    if !hasDatabase {
      let tagStart = scratch.count
      scratch.append(UInt8(ascii: "d"))
      scratch.append(UInt8(ascii: "b"))
      scratch.append(contentsOf: database)
      let tag = Tag(start: tagStart, nameEnd: tagStart + 2, end: scratch.count, raw: start)
      let position = isSorted ? tags.firstIndex { compare(tag, $0) < 0 } : nil
      tags.insert(tag, at: position ?? tags.endIndex)
    }
    if !isSorted { try sortTags() }
    appendUnescaped(start, measurementEnd, to: &text)
    let tagsStart = text.count
    for tag in tags {
      scratch.withUnsafeBufferPointer { bytes in
        text.append(contentsOf: bytes[tag.start..<tag.nameEnd])
        text.append(0)
        text.append(contentsOf: bytes[tag.nameEnd..<tag.end])
        text.append(0)
      }
    }
    prefixes.append(
      Prefix(
        start: start, count: count, hash: hash, measurement: measurement, tags: tagsStart,
        textEnd: text.count))
  }

  /// Where the tag at `start` has its equals sign and its end; `end` is the end of the prefix.
  static func tag(
    at start: UnsafeRawPointer, before end: UnsafeRawPointer
  ) throws(Fault) -> (equals: UnsafeRawPointer, end: UnsafeRawPointer) {
    var p = start
    guard p < end, p.byte != UInt8(ascii: ","), p.byte != UInt8(ascii: "=") else {
      throw Fault(.missingTagKey, at: p)
    }
    p += 1
    while true {
      guard p < end, p.byte != UInt8(ascii: ",") || p.isEscaped else {
        throw Fault(.missingTagValue, at: p)
      }
      if p.byte == UInt8(ascii: "="), !p.isEscaped { break }
      p += 1
    }
    let equals = p
    p += 1
    guard p < end, p.byte != UInt8(ascii: ",") else { throw Fault(.missingTagValue, at: p) }
    p += 1
    while p < end {
      let byte = p.byte
      if byte == UInt8(ascii: "="), !p.isEscaped { throw Fault(.invalidTagFormat, at: p) }
      if byte == UInt8(ascii: ","), !p.isEscaped { break }
      p += 1
    }
    return (equals, p)
  }

  /// Selectors find the metric under this name, so no tag may have it.
  private static let metricTag = Array(LabelMatcher.metricLabel.utf8)

  private mutating func sortTags() throws(Fault) {
    let bytes = scratch
    tags.sort { a, b in
      bytes[a.start..<a.nameEnd].lexicographicallyPrecedes(bytes[b.start..<b.nameEnd])
    }
    for index in tags.indices.dropFirst() where compare(tags[index - 1], tags[index]) == 0 {
      throw Fault(.duplicateTags, at: max(tags[index - 1].raw, tags[index].raw))
    }
  }

  /// The order of two tags by the bytes of their names.
  private func compare(_ a: Tag, _ b: Tag) -> Int {
    scratch.withUnsafeBytes { bytes in
      var i = a.start
      var j = b.start
      while i < a.nameEnd, j < b.nameEnd {
        if bytes[i] != bytes[j] { return bytes[i] < bytes[j] ? -1 : 1 }
        i += 1
        j += 1
      }
      return (a.nameEnd - i) - (b.nameEnd - j)
    }
  }

  private func isDatabase(_ tag: Tag) -> Bool {
    tag.nameEnd - tag.start == 2 && scratch[tag.start] == UInt8(ascii: "d")
      && scratch[tag.start + 1] == UInt8(ascii: "b")
  }

  // MARK: - Fields

  /// The index of the field of `prefix` with the raw name from `start` to `end`, an equals sign.
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
    let hash = hash(start, count, seed ^ UInt64(UInt32(bitPattern: prefix)))
    var probe = fieldIndex.probe(hash)
    while let candidate = fieldIndex.next(&probe) {
      let field = fields[Int(candidate)]
      if field.prefix == prefix, field.count == count, sameBytes(field.start, start, count) {
        return candidate
      }
    }
    let index = try addField(of: prefix, at: start, count: count)
    fieldIndex.insert(hash, index)
    return index
  }

  private mutating func addField(
    of prefixIndex: Int32, at start: UnsafeRawPointer, count: Int
  ) throws(Fault) -> Int32 {
    let prefix = prefixes[Int(prefixIndex)]
    try validate(start, start + count)
    let head = UnsafeRawBufferPointer(start: start, count: min(count, 8))
      .reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let mask = count >= 8 ? UInt64.max : (1 << UInt64(8 * count)) - 1
    // The metric's own zero byte and, unless the field is `value`, an underscore and its name.
    let isValue = count == 5 && head == valueName
    let name = isValue ? 0 : 1 + count - escapes(start, start + count)
    let length = prefix.textEnd - prefix.measurement + name + 1
    if length > LineProtocol.keyLimit { throw Fault(.keyLength(length), at: start) }
    let index = Int32(truncatingIfNeeded: fields.count)
    fields.append(Field(start: start, count: count, head: head, mask: mask, prefix: prefixIndex))
    if prefix.lastField >= 0 {
      fields[Int(prefix.lastField)].next = index
    } else {
      prefixes[Int(prefixIndex)].firstField = index
    }
    prefixes[Int(prefixIndex)].lastField = index
    prefixes[Int(prefixIndex)].fieldCount += 1
    return index
  }

  // MARK: - Series

  /// The series of the field at `index`, added to `batch` where it is new there.
  @inline(__always)
  mutating func series(of index: Int32, in batch: inout Batch) -> Int32 {
    let known = fields[Int(index)].series
    return known >= 0 ? known : addSeries(of: index, to: &batch)
  }

  @inline(never)
  private mutating func addSeries(of index: Int32, to batch: inout Batch) -> Int32 {
    let field = fields[Int(index)]
    let prefix = prefixes[Int(field.prefix)]
    let start = batch.keyBytes.count
    text.withUnsafeBufferPointer { text in
      batch.keyBytes.append(contentsOf: text[prefix.measurement..<prefix.tags])
      if !(field.count == 5 && field.head == valueName) {
        batch.keyBytes.append(UInt8(ascii: "_"))
        appendUnescaped(field.start, field.start + field.count, to: &batch.keyBytes)
      }
      batch.keyBytes.append(0)
      batch.keyBytes.append(contentsOf: text[prefix.tags..<prefix.textEnd])
    }
    builtBytes += batch.keyBytes.count - start
    let series = lookUp(from: start, in: &batch)
    fields[Int(index)].series = series
    return series
  }

  /// The series whose key is at the end of `keyBytes`; takes it away again where it is known.
  private mutating func lookUp(from start: Int, in batch: inout Batch) -> Int32 {
    let count = batch.keyBytes.count - start
    var found: Int32?
    var hash: UInt64 = 0
    batch.keyBytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      hash = AlmanacIngest.hash(base + start, count, seed)
      var probe = seriesIndex.probe(hash)
      while found == nil, let candidate = seriesIndex.next(&probe) {
        let from = candidate == 0 ? 0 : batch.keyEnds[Int(candidate) - 1]
        if batch.keyEnds[Int(candidate)] - from == count,
          sameBytes(base + from, base + start, count)
        {
          found = candidate
        }
      }
    }
    if let found {
      batch.keyBytes.removeLast(count)
      return found
    }
    let index = Int32(truncatingIfNeeded: batch.keyEnds.count)
    batch.keyEnds.append(batch.keyBytes.count)
    seriesIndex.insert(hash, index)
    return index
  }
}

/// `value` as the first bytes of a word.
private let valueName: UInt64 = 0x65_75_6C_61_76

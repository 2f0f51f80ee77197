internal import AlmanacCore

/// Measurements and tags in the form that they have in a key: unescaped, the tags in order of name,
/// with the label `db`.
struct CanonicalPrefixes: ~Copyable {
  /// Where in `bytes` a measurement and, right behind it, its tags are.
  struct Bounds {
    let measurement: Int
    let tags: Int
    let end: Int

    var count: Int { end - measurement }
  }

  private(set) var bytes: [UInt8] = []
  /// Reused by `add`.
  private var scratch: [UInt8] = []
  private var tags: [Tag] = []

  private let database: [UInt8]
  private let databaseHasZero: Bool

  /// A tag in `scratch`: its name, then its value.
  private struct Tag {
    var start: Int
    var nameEnd: Int
    var end: Int
    /// Where it stands in the line.
    var raw: UnsafeRawPointer
  }

  init(database: [UInt8]) {
    self.database = database
    databaseHasZero = database.contains(0)
  }

  /// Adds measurement and tags from `start` to `end`, an unescaped space.
  mutating func add(
    from start: UnsafeRawPointer, to end: UnsafeRawPointer
  ) throws(Fault) -> Bounds {
    scratch.removeAll(keepingCapacity: true)
    tags.removeAll(keepingCapacity: true)
    var p = start
    if p.byte == UInt8(ascii: ",") { throw Fault(.missingMeasurement, at: p) }
    while p < end, p == start || p.byte != UInt8(ascii: ",") || p.isEscaped { p += 1 }
    let measurementEnd = p
    let measurement = bytes.count
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
    appendUnescaped(start, measurementEnd, to: &bytes)
    let tagsStart = bytes.count
    for tag in tags {
      scratch.withUnsafeBufferPointer { scratch in
        bytes.append(contentsOf: scratch[tag.start..<tag.nameEnd])
        bytes.append(0)
        bytes.append(contentsOf: scratch[tag.nameEnd..<tag.end])
        bytes.append(0)
      }
    }
    return Bounds(measurement: measurement, tags: tagsStart, end: bytes.count)
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
  private static let metricTag = Array(SeriesKey.metricLabel.utf8)

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
}

/// The side of a `SeriesCache` that learns.
struct CacheLearner {
  private(set) var generation: UInt64 = 1
  private var current: CacheHalf
  private var old: CacheHalf?
  private let limit: Int
  private let tagMask: UInt32
  private let seed: UInt64

  /// Reused for each prefix.
  private var named: [NamedField] = []
  private var fields: [CacheRecord.Field] = []

  /// A prefix of a lesson, as sent.
  private struct Prefix {
    let start: UnsafeRawPointer
    let count: Int
    let hash: UInt64
  }

  /// A field by its raw name.
  private struct NamedField {
    let start: UnsafeRawPointer
    let count: Int
    let id: UInt32
  }

  /// Two halves of `limit` bytes each.
  init(limit: Int, tagMask: UInt32, seed: UInt64) {
    self.limit = limit
    self.tagMask = tagMask
    self.seed = seed
    current = CacheHalf(limit: limit, tagMask: tagMask)
  }

  var view: CacheView {
    CacheView(generation: generation, seed: seed, current: current, old: old)
  }

  var bytes: Int { current.bytes + (old?.bytes ?? 0) }

  mutating func invalidate() {
    generation += 1
    current = CacheHalf(limit: limit, tagMask: tagMask)
    old = nil
  }

  mutating func learn(_ lessons: Lessons, ids: [UInt32]) {
    guard lessons.generation == generation else { return }
    let seed = CacheReader.prefixSeed(lessons.database, seed)
    var next = 0
    lessons.bytes.withUnsafeBytes { bytes in
      guard var p = bytes.baseAddress else { return }
      for lesson in lessons.prefixes {
        let prefix = Prefix(start: p, count: lesson.count, hash: hash(p, lesson.count, seed))
        p += lesson.count
        let range = next..<next + lesson.fieldCount
        let known = recall(prefix, database: lessons.database)
        for field in lessons.fields[range] {
          precondition(field.series < ids.count, "BUG: fewer numbers than series")
          let named = NamedField(start: p, count: field.count, id: ids[field.series])
          if named.id != 0, self.named.count < CacheHalf.fieldLimit, !isNamed(named) {
            self.named.append(named)
          }
          p += field.count
        }
        next = range.upperBound
        if named.count > known { keep(prefix, database: lessons.database) }
      }
    }
  }

  private func isNamed(_ field: NamedField) -> Bool {
    named.contains { $0.count == field.count && sameBytes($0.start, field.start, field.count) }
  }

  /// Puts the fields of `prefix` that are known into `named`; returns how many need not be kept
  /// anew.
  private mutating func recall(_ prefix: Prefix, database: [UInt8]) -> Int {
    named.removeAll(keepingCapacity: true)
    for half in [current, old] {
      guard let half, let record = find(prefix, database: database, in: half) else { continue }
      for index in 0..<record.fieldCount {
        let field = record.field(index)
        let name = half.index.record(field.name)
        named.append(NamedField(start: name.bytes, count: name.count, id: field.id))
      }
      return half === current ? named.count : 0
    }
    return 0
  }

  /// Writes a record of `prefix` with the fields in `named`.
  private mutating func keep(_ prefix: Prefix, database: [UInt8]) {
    // As if each name were new.
    var size = CacheRecord.size(count: prefix.count, fields: named.count)
    size += CacheRecord.size(count: database.count, fields: 0)
    for field in named { size += CacheRecord.size(count: field.count, fields: 0) }
    // `named` may point into the half that is forgotten here.
    let last = old
    if !current.hasRoom(for: size, records: named.count + 2) {
      let fresh = CacheHalf(limit: limit, tagMask: tagMask)
      guard fresh.hasRoom(for: size, records: named.count + 2) else { return }
      old = current
      current = fresh
    }
    withExtendedLifetime(last) {
      let owner = database.withUnsafeBytes { current.name($0, seed: seed) }
      fields.removeAll(keepingCapacity: true)
      for field in named {
        let name = UnsafeRawBufferPointer(start: field.start, count: field.count)
        fields.append(CacheRecord.Field(id: field.id, name: current.name(name, seed: seed)))
      }
      let replaced = current.index.find(
        prefix.start, prefix.count, hash: prefix.hash, owner: owner)
      _ = current.add(
        UnsafeRawBufferPointer(start: prefix.start, count: prefix.count), hash: prefix.hash,
        owner: owner, fields: fields, replacing: replaced)
    }
  }

  private func find(_ prefix: Prefix, database: [UInt8], in half: CacheHalf) -> CacheRecord? {
    let index = half.index
    let owner = database.withUnsafeBytes { index.findName($0, seed: seed) }
    guard owner != 0 else { return nil }
    let number = index.find(prefix.start, prefix.count, hash: prefix.hash, owner: owner)
    return number == 0 ? nil : index.record(number)
  }
}

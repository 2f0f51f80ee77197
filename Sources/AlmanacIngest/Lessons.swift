/// What a `SeriesCache` can learn from a body once the store has given numbers to its series: the
/// prefixes and fields, as sent, that the cache did not know or will soon forget.
public struct Lessons: Sendable {
  struct Prefix {
    let count: Int
    var fieldCount: Int
  }

  struct Field {
    let count: Int
    /// The position of the series in the batch.
    let series: Int
  }

  /// The generation of the cache that the body was parsed with; 0 without one.
  let generation: UInt64
  let database: [UInt8]
  /// Each prefix with the names of its fields behind it, back to back.
  private(set) var bytes: [UInt8] = []
  private(set) var prefixes: [Prefix] = []
  private(set) var fields: [Field] = []

  init(generation: UInt64, database: [UInt8]) {
    self.generation = generation
    self.database = database
  }

  /// Whether there is nothing to learn.
  public var isEmpty: Bool { prefixes.isEmpty }

  mutating func add(prefix start: UnsafeRawPointer, count: Int) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    prefixes.append(Prefix(count: count, fieldCount: 0))
  }

  /// Adds a field of the prefix that was added last.
  mutating func add(field start: UnsafeRawPointer, count: Int, series: Int32) {
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
    fields.append(Field(count: count, series: Int(series)))
    prefixes[prefixes.count - 1].fieldCount += 1
  }
}

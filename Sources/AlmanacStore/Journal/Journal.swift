internal import AlmanacCodec

/// The journal of the active head segment.
///
/// `@unchecked Sendable`: used on the queue `Store.commits` only.
final class Journal: @unchecked Sendable {
  /// Whether it failed: the next commit begins another, with another segment.
  var isBroken = false

  private let store: any KeyValueStore
  private var partition: (any KeyValuePartition)?
  private var nextSequence: UInt64 = 0

  init(_ store: any KeyValueStore) {
    self.store = store
  }

  /// Adds a record to the journal of segment `generation`; it is durable when this returns.
  func append(_ record: [UInt8], generation: UInt64) throws(StoreError) {
    let partition = try begin(generation)
    var key: [UInt8] = []
    key.append(bigEndian: nextSequence)
    try partition.apply([.put(key: key, value: record)])
    nextSequence += 1
  }

  /// The journal of segment `generation`, made where there is none yet.
  @discardableResult
  func begin(_ generation: UInt64) throws(StoreError) -> any KeyValuePartition {
    if let partition { return partition }
    let made = try store.open(PartitionName(kind: .journal, number: generation))
    partition = made
    return made
  }

  /// The next record goes to another journal.
  func rotate() {
    partition = nil
    nextSequence = 0
    isBroken = false
  }
}

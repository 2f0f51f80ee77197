/// An ordered store of bytes under bytes, cut into partitions that are independent of each other.
///
/// A partition is the unit of order and of atomicity; nothing that the store above does needs a
/// change of two partitions to happen at once. LMDB is the implementation; a distributed ordered
/// store can stand here later.
protocol KeyValueStore: Sendable {
  /// Whether nothing may be changed.
  var isReadOnly: Bool { get }

  /// Opens the partition `name` for reading and changing, made where it is missing.
  func open(_ name: PartitionName) throws(StoreError) -> any KeyValuePartition

  /// Begins a partition that is written once, in ascending order of key, and never changed.
  func build(_ name: PartitionName) throws(StoreError) -> any PartitionBuilder

  /// Opens a partition that was built.
  func frozen(_ name: PartitionName) throws(StoreError) -> any FrozenPartition

  /// Deletes a partition and gives its room back. Whoever has it open reads on undisturbed.
  func drop(_ name: PartitionName) throws(StoreError)

  /// Writes a copy of a partition to the file `path`, while others write; a built one is linked
  /// where the disk is the same. Not to be used on a partition that this process has open.
  func copy(_ name: PartitionName, to path: String) throws(StoreError)

  /// The partitions of a kind, in order of name.
  func partitions(_ kind: PartitionName.Kind) throws(StoreError) -> [PartitionName]
}

/// What a partition is for, and its number among those of its kind.
struct PartitionName: Hashable, Comparable, Sendable, CustomStringConvertible {
  enum Kind: String, CaseIterable, Sendable {
    /// What the store consists of: format, series, parts, deletions, models. There is one.
    case catalog
    /// Writes of one head segment that are not in parts yet.
    case journal
    /// Sealed samples.
    case part
  }

  let kind: Kind
  let number: UInt64

  static let catalog = PartitionName(kind: .catalog, number: 0)

  static func < (a: Self, b: Self) -> Bool {
    a.kind == b.kind ? a.number < b.number : a.kind.rawValue < b.kind.rawValue
  }

  var description: String {
    guard self != .catalog else { return "catalog" }
    let digits = String(number)
    return "\(kind)/" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
  }
}

/// One change of a partition.
enum KeyValueChange {
  case put(key: [UInt8], value: [UInt8])
  case remove(key: [UInt8])
}

/// A partition that is read and changed.
protocol KeyValuePartition: AnyObject, Sendable {
  /// Makes all `changes`, or none; they are durable when this returns.
  ///
  /// Where it throws they may be on disk all the same, until `settle` or the next call returns.
  func apply(_ changes: [KeyValueChange]) throws(StoreError)

  /// When this returns, no change that failed is there.
  func settle() throws(StoreError)

  /// The value under `key`, or nil.
  func value(_ key: [UInt8]) throws(StoreError) -> [UInt8]?

  /// Calls `body` with each entry of one unchanging view whose key begins with `prefix`, in
  /// order, until it returns false. The memory is valid during the call only.
  func scan(
    prefix: [UInt8],
    _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(StoreError) -> Bool
  ) throws(StoreError)

  /// Writes a copy without free room to the file `path`, while others write.
  func copy(to path: String) throws(StoreError)
}

/// A partition under construction. Dropped without a trace where `finish` is not called.
protocol PartitionBuilder: AnyObject {
  /// Adds an entry; keys ascend.
  func append(key: [UInt8], value: UnsafeRawBufferPointer) throws(StoreError)

  /// Makes all entries durable. Returns the bytes that the partition takes.
  func finish() throws(StoreError) -> Int
}

/// A partition that does not change any more. It hands out its own memory.
protocol FrozenPartition: AnyObject, Sendable {
  /// All entries in order of key; the memory is valid as long as this object lives.
  var entries: [FrozenEntry] { get }
  /// Bytes on disk.
  var byteCount: Int { get }
  /// Whether reading `value`, that of an entry, needs no disk.
  func isInMemory(_ value: UnsafeRawBufferPointer) -> Bool
}

/// An entry of a frozen partition.
///
/// `@unchecked Sendable`: the memory never changes.
struct FrozenEntry: @unchecked Sendable {
  let key: UnsafeRawBufferPointer
  let value: UnsafeRawBufferPointer
}

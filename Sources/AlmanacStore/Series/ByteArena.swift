internal import Glibc

/// Byte strings with their owners in chunks of 1 MiB: growing copies nothing.
///
/// An entry is known by its address and stays there until it is removed, or until its chunk is
/// less than half alive: then its entries move and their owners are told.
struct ByteArena: ~Copyable {
  /// Stands before the bytes.
  private struct Header {
    /// Number of the owner, 0 where the entry is removed.
    var owner: UInt32
    var count: UInt32
  }

  /// Stands at the start of a chunk, whose address is a multiple of `chunkSize`.
  private struct Chunk {
    var index: Int
    var capacity: Int
    /// Where the next entry goes.
    var used: Int
    /// Bytes of entries that are not removed.
    var live: Int
  }

  private static let chunkSize = 1 << 20
  private static let headerSize = MemoryLayout<Header>.size
  private static let firstEntry = MemoryLayout<Chunk>.stride

  private var chunks: [UnsafeMutablePointer<Chunk>] = []
  private var current: UnsafeMutablePointer<Chunk>?
  private(set) var memoryBytes = 0

  init() {}

  deinit {
    for chunk in chunks { free(chunk) }
  }

  /// The bytes of an entry.
  @inline(__always)
  static func bytes(of entry: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: entry + headerSize, count: Int(entry.load(as: Header.self).count))
  }

  /// Keeps a copy of `bytes` for `owner`, which is not 0.
  mutating func append(_ bytes: UnsafeRawBufferPointer, owner: UInt32) -> UnsafeRawPointer {
    let size = Self.size(bytes.count)
    let chunk = room(for: size)
    let entry = UnsafeMutableRawPointer(chunk) + chunk.pointee.used
    entry.storeBytes(
      of: Header(owner: owner, count: UInt32(bytes.count)), as: Header.self)
    if let start = bytes.baseAddress {
      memcpy(entry + Self.headerSize, start, bytes.count)
    }
    chunk.pointee.used += size
    chunk.pointee.live += size
    return UnsafeRawPointer(entry)
  }

  /// Forgets entries. Returns what had to move for it: owners with their new addresses.
  mutating func remove(
    _ entries: some Sequence<UnsafeRawPointer>
  ) -> [(owner: UInt32, entry: UnsafeRawPointer)] {
    for entry in entries {
      let header = UnsafeMutableRawPointer(mutating: entry).assumingMemoryBound(to: Header.self)
      let start = UInt(bitPattern: entry) & ~UInt(Self.chunkSize - 1)
      guard header.pointee.owner != 0, let chunk = UnsafeMutablePointer<Chunk>(bitPattern: start)
      else { preconditionFailure("BUG: an entry is removed twice") }
      header.pointee.owner = 0
      chunk.pointee.live -= Self.size(Int(header.pointee.count))
    }
    var moved: [(owner: UInt32, entry: UnsafeRawPointer)] = []
    // Those that were filled while they were half dead too.
    for chunk in chunks where chunk != current && chunk.pointee.live * 2 < chunk.pointee.used {
      evacuate(chunk, &moved)
    }
    if let current, current.pointee.live == 0 { current.pointee.used = Self.firstEntry }
    return moved
  }

  private mutating func evacuate(
    _ chunk: UnsafeMutablePointer<Chunk>, _ moved: inout [(owner: UInt32, entry: UnsafeRawPointer)]
  ) {
    var offset = Self.firstEntry
    while offset < chunk.pointee.used {
      let entry = UnsafeRawPointer(chunk) + offset
      let owner = entry.load(as: Header.self).owner
      let bytes = Self.bytes(of: entry)
      if owner != 0 { moved.append((owner, append(bytes, owner: owner))) }
      offset += Self.size(bytes.count)
    }
    let last = chunks.removeLast()
    if last != chunk {
      last.pointee.index = chunk.pointee.index
      chunks[chunk.pointee.index] = last
    }
    memoryBytes -= chunk.pointee.capacity
    free(chunk)
  }

  private mutating func room(for size: Int) -> UnsafeMutablePointer<Chunk> {
    if let current, current.pointee.capacity - current.pointee.used >= size { return current }
    let capacity = max(Self.chunkSize, Self.firstEntry + size)
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.chunkSize, capacity) == 0, let memory else {
      fatalError("no memory for \(capacity) bytes of series")
    }
    let chunk = memory.bindMemory(to: Chunk.self, capacity: 1)
    chunk.initialize(
      to: Chunk(index: chunks.count, capacity: capacity, used: Self.firstEntry, live: 0))
    chunks.append(chunk)
    memoryBytes += capacity
    current = chunk
    return chunk
  }

  @inline(__always)
  private static func size(_ count: Int) -> Int { (headerSize + count + 3) & ~3 }
}

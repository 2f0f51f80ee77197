internal import AlmanacCodec
internal import Glibc

/// A partition that was built: a map of the file, whose pages are read here and not by LMDB.
///
/// LMDB trusts its pages: a flipped bit in one ends the process. Here every number is checked
/// before it is followed, so that damage is an error. LMDB's lmdb.h and mdb.c have the layout:
/// pages of 4,096 bytes, a header of 16, offsets of nodes behind it; little endian.
///
/// `@unchecked Sendable`: nothing changes after `init`.
final class LMDBFrozenPartition: FrozenPartition, @unchecked Sendable {
  let entries: [FrozenEntry]
  let byteCount: Int
  private let map: UnsafeRawBufferPointer

  init(path: String) throws(StoreError) {
    let map = try Directory.map(path)
    do throws(StoreError) {
      var tree = LMDBTree(map: map, path: path)
      try tree.read()
      entries = tree.entries
    } catch {
      munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count)
      throw error
    }
    self.map = map
    byteCount = map.count
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: map.baseAddress), map.count)
  }

  func isInMemory(_ value: UnsafeRawBufferPointer) -> Bool {
    guard let base = map.baseAddress, let first = value.baseAddress else { return true }
    let size = Int(getpagesize())
    let start = (first - base) / size * size
    let end = first - base + value.count
    let count = (end - start + size - 1) / size
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { pages in
      let memory = UnsafeMutableRawPointer(mutating: base + start)
      return mincore(memory, end - start, pages.baseAddress) == 0
        && pages.allSatisfy { $0 & 1 == 1 }
    }
  }
}

/// Collects the entries of the unnamed table of an LMDB file that does not change.
private struct LMDBTree {
  let map: UnsafeRawBufferPointer
  let path: String
  var entries: [FrozenEntry] = []
  /// Pages that were read: in a tree that is whole none is read twice.
  private var visited = 0

  private static let magic: UInt32 = 0xBEEF_C0DE
  private static let version: UInt32 = 1
  /// Flags of pages.
  private static let (branch, leaf, overflow, meta): (UInt16, UInt16, UInt16, UInt16) = (1, 2, 4, 8)
  /// Flag of a node whose value is in pages of its own.
  private static let bigData: UInt16 = 1
  private static let nodeHeader = 8

  init(map: UnsafeRawBufferPointer, path: String) {
    self.map = map
    self.path = path
  }

  mutating func read() throws(StoreError) {
    var newest: (transaction: UInt64, root: UInt64)?
    for number in 0..<2 as Range<UInt64> {
      let page = try page(number, Self.meta)
      let field = { (at: Int) in page.littleEndian(at: LMDBPage.headerSize + at, as: UInt64.self) }
      guard page.littleEndian(at: LMDBPage.headerSize, as: UInt32.self) == Self.magic,
        page.littleEndian(at: LMDBPage.headerSize + 4, as: UInt32.self) == Self.version,
        page.littleEndian(at: LMDBPage.headerSize + 24, as: UInt32.self) == UInt32(LMDBPage.size)
      else { throw damaged("page \(number) is not LMDB's") }
      // Behind magic (4), version (4), address (8) and size (8) come two tables of 48 bytes, whose
      // roots are their last 8, then the last page and the number of the transaction.
      let (root, transaction) = (field(24 + 48 + 40), field(24 + 96 + 8))
      if newest.map({ $0.transaction < transaction }) ?? true { newest = (transaction, root) }
    }
    guard let root = newest?.root, root != .max else { return }
    try readTree(root, depth: 0)
  }

  private mutating func readTree(_ number: UInt64, depth: Int) throws(StoreError) {
    visited += 1
    guard depth < 32, visited <= map.count / LMDBPage.size else {
      throw damaged("its pages form no tree")
    }
    let page = try page(number, Self.branch | Self.leaf)
    let flags = page.littleEndian(at: 10, as: UInt16.self)
    let lower = Int(page.littleEndian(at: 12, as: UInt16.self))
    guard lower >= LMDBPage.headerSize, lower <= LMDBPage.size, lower % 2 == 0 else {
      throw damaged("page \(number) has an impossible header")
    }
    for slot in stride(from: LMDBPage.headerSize, to: lower, by: 2) {
      let start = Int(page.littleEndian(at: slot, as: UInt16.self))
      guard start >= lower, start + Self.nodeHeader <= LMDBPage.size else {
        throw damaged("page \(number) has a node outside")
      }
      let size = UInt64(page.littleEndian(at: start, as: UInt32.self))
      let nodeFlags = page.littleEndian(at: start + 4, as: UInt16.self)
      if flags & Self.branch != 0 {
        try readTree(size | UInt64(nodeFlags) << 32, depth: depth + 1)
        continue
      }
      let keySize = Int(page.littleEndian(at: start + 6, as: UInt16.self))
      let valueStart = start + Self.nodeHeader + keySize
      let inPage = nodeFlags & Self.bigData != 0 ? 8 : Int(size)
      guard nodeFlags & ~Self.bigData == 0, valueStart + inPage <= LMDBPage.size else {
        throw damaged("page \(number) has an entry outside")
      }
      let key = UnsafeRawBufferPointer(
        rebasing: page[start + Self.nodeHeader..<valueStart])
      let value =
        nodeFlags & Self.bigData != 0
        ? try overflow(page.littleEndian(at: valueStart, as: UInt64.self), size: Int(size))
        : UnsafeRawBufferPointer(rebasing: page[valueStart..<valueStart + inPage])
      entries.append(FrozenEntry(key: key, value: value))
    }
  }

  /// A value in pages of its own.
  private func overflow(_ number: UInt64, size: Int) throws(StoreError) -> UnsafeRawBufferPointer {
    let page = try page(number, Self.overflow)
    let start = Int(number) * LMDBPage.size + LMDBPage.headerSize
    guard page.littleEndian(at: 10, as: UInt16.self) & Self.overflow != 0, size <= map.count - start
    else { throw damaged("the value in page \(number) is cut short") }
    return UnsafeRawBufferPointer(rebasing: map[start..<start + size])
  }

  /// A whole page that says it is `number` and of one of the kinds `flags`.
  private func page(_ number: UInt64, _ flags: UInt16) throws(StoreError) -> UnsafeRawBufferPointer
  {
    guard number < UInt64(map.count / LMDBPage.size) else {
      throw damaged("page \(number) is behind its end")
    }
    let start = Int(number) * LMDBPage.size
    let page = UnsafeRawBufferPointer(rebasing: map[start..<start + LMDBPage.size])
    let found = page.littleEndian(at: 10, as: UInt16.self)
    guard page.littleEndian(at: 0, as: UInt64.self) == number,
      [Self.branch, Self.leaf, Self.overflow, Self.meta].contains(found & flags),
      found & ~flags & 15 == 0
    else { throw damaged("page \(number) is of another kind") }
    return page
  }

  private func damaged(_ what: String) -> StoreError {
    StoreError(.damaged, "cannot read \(path): \(what)")
  }
}

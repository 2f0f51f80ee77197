import AlmanacTesting
import Foundation
import Testing

/// What a program asked of the disk, in order, as `Fixtures/disk.c` wrote it down.
struct DiskLog {
  enum Operation {
    case open(path: String, isNew: Bool, isEmptied: Bool)
    case close
    case write(offset: Int, data: Range<Int>, isDurable: Bool)
    case truncate(size: Int)
    case sync
    case syncFolder(path: String)
    case rename(String, String)
    case link(String, String)
    case unlink(String)
    case makeFolder(String)
  }

  struct Record {
    let operation: Operation
    let descriptor: Int32
    /// `CLOCK_MONOTONIC`, ns.
    let ended: UInt64
  }

  /// Bytes of `struct record`.
  private static let headerSize = 56

  let bytes: Data
  private(set) var records: [Record] = []

  init(path: String) throws {
    bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    var start = 0
    // The last record may be cut short, as the program was killed.
    while start + Self.headerSize <= bytes.count {
      let header = bytes.subdata(in: start..<start + Self.headerSize)
      let field = { (offset: Int) -> Int in
        header.withUnsafeBytes {
          Int(truncatingIfNeeded: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
      }
      let small = { (offset: Int) -> Int in
        header.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
      }
      try #require(small(0) == 0xD15C_0001, "the log of the disk cannot be read")
      let (kind, flags, offset) = (small(4), small(28), field(32))
      let (firstSize, secondSize, size) = (small(40), small(44), field(48))
      let paths = start + Self.headerSize
      let data = paths + firstSize + secondSize
      let end = kind == 2 ? data + size : data
      guard end <= bytes.count else { break }
      let first = String(decoding: bytes[paths..<paths + firstSize], as: UTF8.self)
      let second = String(
        decoding: bytes[paths + firstSize..<paths + firstSize + secondSize], as: UTF8.self)
      let operation: Operation
      switch kind {
      case 1: operation = .open(path: first, isNew: flags & 1 != 0, isEmptied: flags & 2 != 0)
      case 2: operation = .write(offset: offset, data: data..<end, isDurable: flags & 1 != 0)
      case 3: operation = .truncate(size: offset)
      case 4: operation = .sync
      case 5: operation = .syncFolder(path: first)
      case 6: operation = .rename(first, second)
      case 7: operation = .unlink(first)
      case 8: operation = .link(first, second)
      case 9: operation = .makeFolder(first)
      default: operation = .close
      }
      records.append(
        Record(
          operation: operation, descriptor: Int32(truncatingIfNeeded: small(24)),
          ended: UInt64(field(16))))
      start = end
    }
  }
}

import AlmanacCore
import AlmanacPattern
import AlmanacTesting
import Foundation
import Logging
import Testing

@testable import AlmanacStore

/// Flipped bits in parts: an error that names the place, or the right samples; never others.
@Suite struct DamagedPartTests {
  private static let logger: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
  }()

  /// A store of a few parts, closed, and what it held.
  private struct Sealed {
    let directory: TemporaryDirectory
    let contents: [SeriesKey: Samples]

    /// - Parameter samples: of each of five series in each of two months.
    init(samples: Int) async throws {
      directory = try TemporaryDirectory()
      let store = try Store(
        directory: directory.path, options: Store.Options(), logger: DamagedPartTests.logger)
      var random = SeededGenerator(seed: 7)
      for start in [1_767_225_600, 1_769_904_000] as [Int64] {
        for host in 0..<5 {
          let times = (0..<Int64(samples)).map { (start + $0 * 60) * 1_000_000_000 }
          let values = times.map { _ in
            host == 4
              ? Double(bitPattern: random.next())
              : Double(Int.random(in: 0..<999, using: &random)) / 10
          }
          try await store.write(
            Points(
              key: SeriesKey(metric: "m", labels: Labels([("host", "h\(host)")])),
              samples: Samples(timestamps: times, values: values)))
        }
      }
      try await store.compact()
      contents = try StoreTests.contents(store)
      await store.close()
    }

    /// The files of parts.
    func parts() throws -> [String] {
      try Directory.files(in: directory.path + "/part").sorted().map {
        directory.path + "/part/" + $0
      }
    }

    /// Reads each series by itself; those that give an error, with their errors. Nil where the
    /// store does not open.
    func read() throws -> [SeriesKey: StoreError]? {
      var options = Store.Options()
      options.isReadOnly = true
      let store: Store
      do throws(StoreError) {
        store = try Store(
          directory: directory.path, options: options, logger: DamagedPartTests.logger)
      } catch {
        #expect(error.message.contains("part/"), "\(error)")
        return nil
      }
      let snapshot = store.snapshot()
      var errors: [SeriesKey: StoreError] = [:]
      // The whole of it, and a part of it that may pass over what is damaged.
      let narrow = TimeRange(
        start: Timestamp(nanoseconds: 1_767_225_600_000_000_000 + 600_000_000_000),
        end: Timestamp(nanoseconds: 1_767_225_600_000_000_000 + 1_800_000_000_000))
      for id in snapshot.series(passing: []) {
        guard let key = snapshot.key(of: id), let expected = contents[key] else {
          Issue.record("a series that was never written")
          continue
        }
        for range in [TimeRange.all, narrow] {
          do throws(StoreError) {
            let found = try snapshot.samples(of: id, in: range)
            let isSame = found.isSame(as: expected.inside(range))
            if !isSame { Issue.record("other samples of \(key)") }
          } catch {
            errors[key] = error
          }
        }
      }
      return errors
    }

    /// What a check says.
    func damages() throws -> [StoreCheck.Damage] {
      try StoreCheck(directory: directory.path).damages
    }
  }

  /// Where the blocks of a part lie in its file, without what is left of their last pages.
  private func blocks(_ path: String) throws -> [Range<Int>] {
    let partition = try LMDBFrozenPartition(path: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    return try partition.entries.map { entry in
      let range = try #require(bytes.range(of: Data(entry.value)))
      return range
    }
  }

  private func flip(_ path: String, _ bit: Int) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(bit / 8))
    let byte = try #require(try file.read(upToCount: 1)?.first)
    try file.seek(toOffset: UInt64(bit / 8))
    try file.write(contentsOf: [byte ^ (1 << UInt8(bit % 8))])
  }

  @Test("no flipped bit of a block gives other samples; the error names part and block")
  func blockBits() async throws {
    let sealed = try await Sealed(samples: 12)
    let path = try #require(try sealed.parts().first)
    let name = "part/" + String(path.suffix(14).dropLast(4))
    var flipped = 0
    for block in try blocks(path) {
      for bit in block.lowerBound * 8..<block.upperBound * 8 {
        try flip(path, bit)
        let errors = try #require(try sealed.read(), "bit \(bit): the store does not open")
        #expect(!errors.isEmpty, "bit \(bit): nobody noticed")
        for error in errors.values {
          #expect(error.message.contains(name) && error.message.contains("block"), "\(error)")
        }
        let damages = try sealed.damages()
        #expect(damages.contains { $0.message.contains(name) }, "bit \(bit): \(damages)")
        try flip(path, bit)
        flipped += 1
      }
    }
    #expect(flipped > 1_000)
    #expect(try sealed.read() == [:])
    print("\(flipped) bits of blocks flipped")
  }

  @Test("repair sets damage aside and keeps all other series readable")
  func repair() async throws {
    for seed in 0..<5 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      let sealed = try await Sealed(samples: 40)
      let path = try #require(try sealed.parts().randomElement(using: &random))
      let block = try #require(try blocks(path).first)
      // A bit of a chunk: the directory is the first 64 bytes at most.
      let bit = Int.random(in: (block.lowerBound + 64) * 8..<block.upperBound * 8, using: &random)
      try flip(path, bit)
      let hurt = try #require(try sealed.read())
      #expect(hurt.count == 1, "seed \(seed)")
      let check = try StoreCheck(directory: sealed.directory.path, repair: true)
      #expect(check.damages.count == 1 && check.damages[0].setAside != nil, "seed \(seed)")
      #expect(try sealed.damages().isEmpty, "seed \(seed)")
      let store = try Store(
        directory: sealed.directory.path, options: Store.Options(), logger: Self.logger)
      let found = try StoreTests.contents(store)
      for (key, samples) in sealed.contents where hurt[key] == nil {
        #expect(found[key]?.isSame(as: samples) == true, "seed \(seed): \(key)")
      }
      // Of the damaged one the other month is left.
      for key in hurt.keys { #expect(found[key]?.count == 40, "seed \(seed)") }
      await store.close()
    }
  }

  @Test("random flips anywhere in the files of parts end no process and give no other samples")
  func anyBits() async throws {
    let sealed = try await Sealed(samples: 4_000)
    let paths = try sealed.parts()
    var random = SeededGenerator(seed: UInt64.random(in: 0..<1_000_000))
    let isSoak = ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1"
    var (closed, failed, unnoticed) = (0, 0, 0)
    for _ in 0..<(isSoak ? 20_000 : 100) {
      let path = try #require(paths.randomElement(using: &random))
      let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      // Half of the flips hit what LMDB uses of its own pages, which is little.
      let block = try blocks(path).first?.lowerBound ?? bytes.count
      let own = (0..<block).filter { bytes[$0] != 0 }
      let isOwn = Bool.random(using: &random)
      let bits = (0..<Int.random(in: 1...4, using: &random)).map { _ in
        let byte =
          isOwn
          ? own.randomElement(using: &random) ?? 0 : Int.random(in: 0..<bytes.count, using: &random)
        return byte * 8 + Int.random(in: 0..<8, using: &random)
      }
      for bit in bits { try flip(path, bit) }
      if let errors = try sealed.read() {
        if errors.isEmpty { unnoticed += 1 } else { failed += 1 }
      } else {
        closed += 1
      }
      _ = try sealed.damages()
      for bit in bits { try flip(path, bit) }
    }
    #expect(closed > 0 && failed > 0)
    print("\(closed) stores did not open, \(failed) had errors, \(unnoticed) were unharmed")
  }

  @Test("a part cut short anywhere is an error, not a crash")
  func truncation() async throws {
    let sealed = try await Sealed(samples: 4_000)
    let path = try #require(try sealed.parts().first)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let end = try #require(try blocks(path).map(\.upperBound).max())
    for size in stride(from: 0, to: end, by: 1_021) {
      try bytes.prefix(size).write(to: URL(fileURLWithPath: path))
      if let errors = try sealed.read() { #expect(!errors.isEmpty, "\(size) bytes") }
      #expect(try !sealed.damages().isEmpty, "\(size) bytes")
    }
  }
}

extension Samples {
  /// Whether all bits are the same; NaN too.
  fileprivate func isSame(as other: Samples) -> Bool {
    timestamps == other.timestamps
      && values.elementsEqual(other.values) { $0.bitPattern == $1.bitPattern }
  }
}

import AlmanacCore
import AlmanacPattern
import AlmanacStore
import AlmanacTesting
import Foundation
import Logging
import Testing

@Suite struct BackupTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open(_ path: String, readOnly: Bool = false) throws -> Store {
    var options = Store.Options()
    options.sealAfterSamples = 500
    options.isReadOnly = readOnly
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return try Store(directory: path, options: options, logger: logger)
  }

  static func write(_ count: Int, from seed: UInt64, to store: Store) async throws {
    var random = SeededGenerator(seed: seed)
    for index in 0..<count {
      let key = SeriesKey(metric: "m", labels: Labels([("host", "h\(index % 7)")]))
      let base = Int64.random(in: 0..<1_000_000, using: &random)
      let times = (0..<100).map { base + $0 }
      try await store.write(
        Points(
          key: key,
          samples: Samples(timestamps: times, values: times.map { _ in random.normal() })))
    }
  }

  @Test("a copy made while writes go on holds what was written before it began")
  func backup() async throws {
    let source = directory.path + "/source"
    let target = directory.path + "/target"
    let store = try open(source)
    try await Self.write(30, from: 1, to: store)
    let before = try StoreTests.contents(store)
    async let more: Void = Self.write(30, from: 2, to: store)
    try await store.backup(to: target)
    try await more
    let check = try StoreCheck(directory: target)
    #expect(check.damages.isEmpty)
    let copy = try StoreTests.contents(try open(target))
    for (key, samples) in before {
      let found = try #require(copy[key])
      #expect(Set(samples.timestamps).isSubset(of: found.timestamps))
    }
    await #expect(throws: StoreError.self) { try await store.backup(to: target) }
  }

  @Test("a reader beside the server copies what is only in journals, too")
  func backupByReader() async throws {
    let source = directory.path + "/source"
    let store = try open(source)
    try await Self.write(3, from: 1, to: store)
    let expected = try StoreTests.contents(store)
    await store.close()
    // Opened a second time in this process: only a closed store may be.
    let target = directory.path + "/target"
    try await Self.copyClosed(source, target, open: open)
    #expect(try StoreTests.contents(try open(target)) == expected)
  }

  static func copyClosed(
    _ source: String, _ target: String, open: (String, Bool) throws -> Store
  ) async throws {
    try await open(source, true).backup(to: target)
  }

  @Test("an unknown format is refused with what to do", .timeLimit(.minutes(1)))
  func unknownFormat() async throws {
    let source = directory.path + "/source"
    try await open(source).close()
    // The version stands in the catalog, four bytes behind its key.
    let path = source + "/catalog.mdb"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let key = Data("format".utf8)
    var found = 0
    var position = bytes.startIndex
    while let range = bytes.range(of: key, in: position..<bytes.endIndex) {
      bytes[range.upperBound] = 99
      position = range.upperBound
      found += 1
    }
    #expect(found > 0)
    try bytes.write(to: URL(fileURLWithPath: path))
    _ = #expect { _ = try open(source) } throws: { error in
      guard let error = error as? StoreError else { return false }
      return error.code == .unknownFormat && error.message.contains("format is 99")
        && error.message.contains("use the version of Almanac that wrote it")
    }
  }

  @Test("a directory of the first format is refused, not begun anew")
  func firstFormat() throws {
    try Data().write(to: URL(fileURLWithPath: directory.path + "/data.mdb"))
    _ = #expect { _ = try open(directory.path) } throws: { error in
      guard let error = error as? StoreError else { return false }
      return error.code == .unknownFormat && error.message.contains("its format is 1")
    }
  }

  @Test("a damaged journal record is named, set aside, and the rest is kept")
  func damagedJournal() async throws {
    let source = directory.path + "/source"
    try await Self.fill(source, open: open)
    try Self.flip(in: source + "/journal", behind: "h1")
    let check = try StoreCheck(directory: source)
    #expect(check.damages.count == 1)
    #expect(check.damages.first?.message.contains("journal/") == true)
    let repaired = try StoreCheck(directory: source, repair: true)
    #expect(repaired.damages.first?.setAside != nil)
    #expect(try StoreCheck(directory: source).damages.isEmpty)
    #expect(try StoreTests.contents(try open(source)).count == 2)
  }

  static func fill(_ source: String, open: (String, Bool) throws -> Store) async throws {
    let store = try open(source, false)
    try await write(3, from: 1, to: store)
    await store.close()
  }

  /// Flips a bit behind `text` wherever it stands in the files of `folder`: LMDB keeps old pages.
  static func flip(in folder: String, behind text: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      let url = URL(fileURLWithPath: folder + "/" + name)
      var bytes = try Data(contentsOf: url)
      var position = bytes.startIndex
      while let range = bytes.range(of: Data(text.utf8), in: position..<bytes.endIndex) {
        bytes[range.upperBound] ^= 1
        position = range.upperBound
      }
      try bytes.write(to: url)
    }
  }
}

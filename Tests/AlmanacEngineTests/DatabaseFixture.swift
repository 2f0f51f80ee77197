import AlmanacCore
import AlmanacEngine
import AlmanacIngest
import AlmanacQuery
import AlmanacStore
import AlmanacTesting
import Logging
import Testing

/// A database in a directory of its own, with signals of known shape.
struct DatabaseFixture {
  let directory: TemporaryDirectory

  /// Sunday, 2026-08-30, midnight UTC.
  static let start = Timestamp(nanoseconds: 1_788_048_000_000_000_000)

  init() throws {
    directory = try TemporaryDirectory()
  }

  func open(_ configure: (inout Database.Options) -> Void = { _ in }) throws -> Database {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    var options = Database.Options()
    // The directory stays as long as the database does, also where the fixture is gone.
    options.clock = { [directory] in withExtendedLifetime(directory) { .now() } }
    configure(&options)
    return try Database(directory: directory.path, options: options, logger: logger)
  }

  /// Opens the database that was closed just now, once nothing holds it any more.
  func reopen(
    _ configure: (inout Database.Options) -> Void = { _ in }
  ) async throws -> Database {
    for _ in 0..<100 {
      if let database = try? open(configure) { return database }
      try await Task.sleep(for: .milliseconds(20))
    }
    return try open(configure)
  }

  /// Writes `values` to `series`, one every `step` from `first` on; NaN leaves a gap.
  static func write(
    _ values: [Double], to series: String, from first: Timestamp = start, every step: Interval,
    in database: Database
  ) async throws {
    var body = ""
    for (index, value) in values.enumerated() where !value.isNaN {
      let time = first.nanoseconds + Int64(index) * step.nanoseconds
      body += "\(series) value=\(value) \(time)\n"
    }
    let report = try await database.write(
      Array(body.utf8), precision: .nanoseconds, database: nil)
    #expect(report.rejectedLines == 0)
  }

  /// A daily rhythm with noise, `days` days in steps of `minutes`.
  static func daily(days: Int, minutes: Int, noise: Double = 1, seed: UInt64) -> [Double] {
    var random = SeededGenerator(seed: seed)
    let perDay = 1440 / minutes
    return (0..<days * perDay).map { index in
      // Two triangles a day: a rhythm without needing a sine.
      let phase = Double(index % perDay) / Double(perDay)
      let swing = abs(phase - 0.5) * 40 + abs((phase * 2).truncatingRemainder(dividingBy: 1) - 0.5)
      return ((50 + swing + noise * random.normal()) * 100).rounded() / 100
    }
  }
}

extension Table {
  /// The numbers of a column of the only series.
  func numbers(_ column: String) -> [Double?] {
    guard let index = columns.firstIndex(of: column), let only = series.first,
      case .numbers(let values) = only.columns[index]
    else { return [] }
    return values
  }
}

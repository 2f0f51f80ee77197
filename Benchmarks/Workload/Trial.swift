internal import AlmanacCore
public import AlmanacStore
public import Logging

/// A new, empty store in a directory of its own.
public final class Trial: Sendable {
  /// Where it lies.
  public let directory: ScratchDirectory
  /// The store, with the options that a server has.
  public let store: Store

  /// Says nothing: what is logged would be timed.
  public static let logger = Logger(label: "almanac.benchmark") { _ in SwiftLogNoOpLogHandler() }

  /// Makes and opens the store.
  public init() throws {
    directory = try ScratchDirectory()
    store = try Store(directory: directory.path, logger: Self.logger)
  }
}

extension Store {
  /// Writes `days` of minutes of the series `load<host=0>` to `load<host=count-1>`, values with
  /// two decimals.
  public func writeHosts(_ count: Int, days: Int) async throws {
    for host in 0..<count {
      let key = SeriesKey(metric: "load", labels: Labels([("host", "\(host)")]))
      let samples = Signal.gauge.samples(days * 1440, step: .minutes(1), seed: UInt64(host))
      try await write(Points(key: key, samples: samples))
    }
  }
}

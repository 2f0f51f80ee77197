import AlmanacCore
import AlmanacEngine
import AlmanacServer
import AlmanacStore
import ArgumentParser
import CMalloc
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals

/// `almanac serve`: the server.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the server.",
    discussion: """
      Stops on SIGTERM and SIGINT: finishes what is in flight, then exits. Everything that was \
      answered with 204 is on disk, however the server ends.
      """)

  @Option(help: "The directory of the database; made where it is missing.")
  var data = "./almanac-data"

  @Option(help: "The address and port to listen on.")
  var listen = "127.0.0.1:8086"

  @Option(help: "How much to log.")
  var logLevel = LogLevel.info

  @Option(
    help: ArgumentHelp(
      "Samples in memory before they are sealed.", visibility: .hidden))
  var sealAfter = Database.Options().store.sealAfterSamples

  @Option(
    help: """
      How long samples are kept, as 90d or 1y; for ever unless given. With a selector in front it \
      is for those series only, as 'debug<>=7d'; may be given several times, the first that fits \
      counts.
      """)
  var retention: [String] = []

  @Option(help: "Bytes that sealed samples may take, as 500Mi or 20Gi: the oldest go first.")
  var retentionSize: String?

  @Option(
    help: """
      Keep sums of samples by 5m or 1h too, for queries that ask for them with \
      max_source_resolution; may be given twice.
      """)
  var rollup: [Rollup] = []

  @Option(help: "Series that there may be; points of further ones are refused.")
  var maximumSeries = Database.Options().store.maximumSeries

  @Option(
    help: """
      How long a query may take, as 30s or 2m; 0 is for ever. A request may ask for less with \
      timeout.
      """)
  var queryTimeout = "2m"

  @Option(help: "Bytes that the samples and results of one query may take at once, as 512Mi.")
  var queryMemory = "1Gi"

  @Option(help: "Bytes of the results of stages that are kept for other queries; 0 keeps none.")
  var stageCache = "64Mi"

  @Option(help: "Bytes of forecasts that are kept for other queries; 0 keeps none.")
  var forecastCache = "64Mi"

  @Option(
    help: """
      Bytes of memory for states of outliers, which make a poll cost the new samples only; 0 keeps \
      none.
      """)
  var outlierStates = "256Mi"

  @Option(help: "Bytes that trained models may take; the longest unused go first.")
  var modelSize = "1Gi"

  @Option(help: "How long a trained model is kept that no query uses.")
  var modelRetention = "30d"

  @OptionGroup(title: "Rules and alerts")
  var ruleArguments: RuleArguments

  /// The levels of swift-log that make sense for a server.
  enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error
  }

  /// What `--rollup` takes.
  enum Rollup: String, ExpressibleByArgument, CaseIterable {
    case fiveMinutes = "5m"
    case hour = "1h"

    var resolution: Resolution { self == .hour ? .hour : .fiveMinutes }
  }

  func run() async throws {
    var logger = Logger(label: "almanac") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = Logger.Level(rawValue: logLevel.rawValue) ?? .info
    raiseFileLimit()
    limitArenas()
    var configuration = ServerConfiguration()
    guard let (host, port) = parseAddress(listen) else {
      throw ValidationError("cannot read --listen \(listen): write HOST:PORT, as 127.0.0.1:8086")
    }
    configuration.host = host
    configuration.port = port
    var options = Database.Options()
    options.store.sealAfterSamples = sealAfter
    options.store.maximumSeries = maximumSeries
    options.store.retention = try RetentionOption.retention(retention, size: retentionSize)
    options.store.rollups = Set(rollup.map(\.resolution))
    options.stageCacheBytes = try QueryLimitsOption.cache(stageCache, "stage-cache")
    options.forecastCacheBytes = try QueryLimitsOption.cache(forecastCache, "forecast-cache")
    options.outlierStateBytes = try QueryLimitsOption.cache(outlierStates, "outlier-states")
    (options.modelBytes, options.modelsUnusedFor) = try RetentionOption.models(
      unusedFor: modelRetention, size: modelSize)
    options.limits = try QueryLimitsOption.limits(timeout: queryTimeout, memory: queryMemory)
    let ruleOptions = try ruleArguments.options(listen: listen)
    let database = try Database(directory: data, options: options, logger: logger)
    let rules = try RuleRunner(
      database, options: ruleOptions, transport: HTTPAlertTransport(), logger: logger)
    try await load(rules, of: database)
    let data = data
    let application = Server(
      database: database, rules: rules, configuration: configuration, logger: logger
    )
    .application { [logger] port in
      logger.info(
        "Almanac \(Almanac.version) is ready on http://\(host):\(port), data in \(data)")
    }
    // What is in flight has 8 s to end; queries that wait for a training are not waited for.
    var services = ServiceGroupConfiguration(
      services: [
        .init(service: application), .init(service: TrainingStopper(database: database)),
        .init(service: RetentionKeeper(database: database)),
        .init(service: RefreshKeeper(database: database)),
        .init(service: RuleKeeper(rules: rules)),
        .init(service: ReloadOnHangUp(rules: rules, logger: logger)),
      ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
    services.maximumGracefulShutdownDuration = .seconds(8)
    do {
      let group = ServiceGroup(configuration: services)
      try await withTaskExecutorPreference(EventLoopExecutor.shared) { try await group.run() }
    } catch {
      await database.close()
      throw Failure("the server on \(listen) ended: \(error)", hint: "is the address in use?")
    }
    await database.close()
    logger.info("stopped")
  }
}

/// Reads the rules; a server with wrong ones does not start.
private func load(_ rules: RuleRunner, of database: Database) async throws {
  do {
    try await rules.reload()
  } catch {
    await database.close()
    throw Failure("cannot read the rules:\n\(error)")
  }
}

/// Lets the process open as many files as it may: each part of the store is one.
private func raiseFileLimit() {
  var limit = rlimit()
  let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  guard getrlimit(resource, &limit) == 0 else { return }
  limit.rlim_cur = limit.rlim_max
  setrlimit(resource, &limit)
}

/// Keeps the C library from making eight arenas of memory a processor: what is freed in one of them
/// is lost to the others.
private func limitArenas() {
  mallopt(M_ARENA_MAX, Int32(clamping: max(2, ProcessInfo.processInfo.activeProcessorCount)))
}

/// Forgets what has outlived its retention while the server runs.
private struct RetentionKeeper: Service {
  let database: Database

  func run() async throws {
    await cancelWhenGracefulShutdown { await database.keepRetention() }
  }
}

/// Trains again what is due while the server runs.
private struct RefreshKeeper: Service {
  let database: Database

  func run() async throws {
    await cancelWhenGracefulShutdown { await database.keepRefreshing() }
  }
}

/// Stops trainings when the server is asked to end.
private struct TrainingStopper: Service {
  let database: Database

  func run() async throws {
    try await gracefulShutdown()
    database.cancelTrainings()
  }
}

/// `logger` without the steps of starting and stopping services.
private func quiet(_ logger: Logger) -> Logger {
  var quiet = logger
  quiet.logLevel = max(.warning, logger.logLevel)
  return quiet
}

/// `HOST:PORT`, the host perhaps in brackets.
func parseAddress(_ text: String) -> (host: String, port: Int)? {
  guard let colon = text.lastIndex(of: ":"),
    let port = Int(text[text.index(after: colon)...]), (0...65_535).contains(port)
  else { return nil }
  let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
  return host.isEmpty ? nil : (host, port)
}

internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import AlmanacStore

/// The server's counters in Prometheus' text format 0.0.4 or as OpenMetrics 1.0.
struct MetricsText {
  enum Format {
    case prometheus, openMetrics

    var contentType: String {
      switch self {
      case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
      case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
      }
    }
  }

  private(set) var text = ""
  private let format: Format

  init(database: Database, rules: RuleRunner?, format: Format) {
    self.format = format
    for (counter, value) in database.metrics.all() {
      add(counter.rawValue, "counter", counter.help, value)
    }
    add(
      "almanac_queries_running", "gauge", "Queries that are evaluated now.",
      Double(database.metrics.runningQueries))
    let outliers = database.outlierStatistics
    for (name, help, value) in [
      ("polls", "Series judged for outliers from a state and their new samples.", outliers.polls),
      ("checks", "Series that were read again as their past might have changed.", outliers.checks),
      ("refits", "Series refitted as that was due.", outliers.refits),
      ("rebuilds", "Series judged anew, without a state or with another past.", outliers.rebuilds),
      ("states_loaded", "States of outliers read from the store.", outliers.loads),
      ("states_evicted", "States of outliers that went for others.", outliers.cache.evictions),
    ] {
      add("almanac_outlier_\(name)_total", "counter", help, Double(value))
    }
    add(
      "almanac_outlier_states", "gauge", "States of outliers in memory.",
      Double(outliers.cache.entries))
    add(
      "almanac_outlier_states_bytes", "gauge", "Memory of the states of outliers.",
      Double(outliers.cache.bytes))
    addCache("forecast", of: "Forecasts", database.forecastStatistics)
    addCache("stage", of: "Results of stages", database.stageStatistics)
    let jobs = database.jobs().map(\.status.state)
    add(
      "almanac_trainings_running", "gauge", "Trainings under way.",
      Double(jobs.count { $0 == .running }))
    add(
      "almanac_trainings_queued", "gauge", "Trainings that wait for a thread.",
      Double(jobs.count { $0 == .queued }))
    let store = database.statistics()
    add("almanac_series", "gauge", "Series that have samples.", Double(store.series))
    add("almanac_parts", "gauge", "Parts on disk.", Double(store.parts))
    add("almanac_part_bytes", "gauge", "Bytes of all parts.", Double(store.partBytes))
    add("almanac_sealed_samples", "gauge", "Samples in parts.", Double(store.sealedSamples))
    add(
      "almanac_head_samples", "gauge", "Samples in memory, not yet sealed into parts.",
      Double(store.headSamples))
    add(
      "almanac_index_bytes", "gauge", "Memory of the series' keys and labels.",
      Double(store.indexBytes))
    add(
      "almanac_write_queue_points", "gauge", "Points that wait for their commit.",
      Double(store.queuedPoints))
    if let rules { addRules(rules) }
    if format == .openMetrics { text += "# EOF\n" }
  }

  private mutating func addCache(
    _ name: String, of what: String, _ statistics: CacheStatistics
  ) {
    for (suffix, type, help, value) in [
      ("hits_total", "counter", "found in the cache", statistics.hits),
      ("misses_total", "counter", "that were not in the cache or not valid", statistics.misses),
      ("evictions_total", "counter", "that went for others", statistics.evictions),
      ("entries", "gauge", "in the cache", statistics.entries),
    ] {
      add("almanac_\(name)_cache_\(suffix)", type, "\(what) \(help).", Double(value))
    }
    add(
      "almanac_\(name)_cache_bytes", "gauge", "Memory of what the cache holds.",
      Double(statistics.bytes))
  }

  private mutating func add(_ name: String, _ type: String, _ help: String, _ value: Double) {
    add(name, type, help, [([], value)])
  }

  /// A family of samples, each with its labels; nothing where there are none.
  mutating func add(
    _ name: String, _ type: String, _ help: String,
    _ samples: [(labels: [(String, String)], value: Double)]
  ) {
    guard !samples.isEmpty else { return }
    // OpenMetrics names the family without the suffix that its samples carry.
    let family =
      format == .openMetrics && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
    text += "# HELP \(family) \(help)\n# TYPE \(family) \(type)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }
      let braces = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
      text += "\(name)\(braces) \(sample.value.shortestText)\n"
    }
  }

  private static func escaped(_ value: String) -> String {
    value.reduce(into: "") { text, character in
      switch character {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.append(character)
      }
    }
  }
}

internal import AlmanacCore
internal import AlmanacEngine
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

  init(database: Database, format: Format) async {
    self.format = format
    for (counter, value) in database.metrics.all() {
      add(counter.rawValue, "counter", counter.help, value)
    }
    let jobs = database.jobs().map(\.status.state)
    add(
      "almanac_trainings_running", "gauge", "Trainings under way.",
      Double(jobs.count { $0 == .running }))
    add(
      "almanac_trainings_queued", "gauge", "Trainings that wait for a thread.",
      Double(jobs.count { $0 == .queued }))
    if let store = try? await database.statistics() {
      add("almanac_series", "gauge", "Series ever written.", Double(store.series))
      add("almanac_chunks", "gauge", "Sealed chunks on disk.", Double(store.chunks))
      add(
        "almanac_head_samples", "gauge", "Samples in memory, not yet sealed into chunks.",
        Double(store.headSamples))
      add(
        "almanac_journal_records", "gauge", "Journal records not yet sealed.",
        Double(store.journalRecords))
      add(
        "almanac_store_used_bytes", "gauge", "Bytes of the store's file that were ever used.",
        Double(store.usedBytes))
      add(
        "almanac_store_map_bytes", "gauge", "Bytes that the store's file may grow to.",
        Double(store.mapBytes))
      add(
        "almanac_write_queue_points", "gauge", "Points that wait for their commit.",
        Double(store.queuedPoints))
    }
    if format == .openMetrics { text += "# EOF\n" }
  }

  private mutating func add(_ name: String, _ type: String, _ help: String, _ value: Double) {
    // OpenMetrics names the family without the suffix that its samples carry.
    let family =
      format == .openMetrics && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
    text += "# HELP \(family) \(help)\n# TYPE \(family) \(type)\n\(name) \(value.shortestText)\n"
  }
}

import AlmanacCore
import AlmanacQuery
import AlmanacTesting
import Testing

@Suite struct IncidentTests {
  private static let end = 3 * 86_400.0

  /// Hosts of services and teams, some of which are away from the others in minutes of the last
  /// hour: those since the minute and up to it.
  private static func source(_ hosts: [(labels: [String: String], strange: [ClosedRange<Int>])])
    -> MemorySource
  {
    var source = MemorySource()
    for (index, host) in hosts.enumerated() {
      var labels = host.labels
      labels["host"] = "h\(index)"
      source.add(
        "load", labels,
        (0...240).map { minute in
          let isStrange = host.strange.contains { $0.contains(minute - 180) }
          let value = 50 + Double((minute * 7 + index * 3) % 5)
          return (end - Double(240 - minute) * 60, value + (isStrange ? 40 + Double(index) : 0))
        })
    }
    return source
  }

  private static func table(_ query: String, _ source: MemorySource) async throws -> Table {
    let time = try QueryTime(
      now: Timestamp(nanoseconds: 0), time: "\(end)", start: nil, end: nil, step: nil)
    return try await Query(query).evaluate(
      at: time, series: source, models: NoModels(), pool: CallersThread()
    ).table()
  }

  /// The cells of a column as text, one a row.
  private static func cells(_ table: Table, _ column: String) -> [String] {
    guard let index = table.columns.firstIndex(of: column) else { return [] }
    return table.series.flatMap { one -> [String] in
      switch one.columns[index] {
      case .texts(let texts): texts
      case .numbers(let numbers): numbers.map { $0.map { "\($0)" } ?? "" }
      case .integers(let numbers): numbers.map { $0.map { "\($0)" } ?? "" }
      case .times(let times): times.map { $0.map { "\((end - $0.seconds) / 60)" } ?? "" }
      }
    }
  }

  /// Two services of ten hosts; of checkout the six of team a go first, then two of team b; one
  /// host of search is strange on its own, twice.
  private static let services = source(
    (0..<20).map { host in
      let service = host < 10 ? "checkout" : "search"
      let team = host % 10 < 6 ? "a" : "b"
      let strange: [ClosedRange<Int>] =
        switch host {
        case 0..<6: [(20 + host)...40]
        case 6, 7: [28...45]
        case 15: [3...6, 50...59]
        default: []
        }
      return (["service": service, "team": team, "dc": "eu"], strange)
    })

  @Test("outliers that begin together are one incident, of most series first")
  func together() async throws {
    let table = try await Self.table("load[1h] | peers | incidents", Self.services)
    #expect(table.type == "report")
    #expect(
      table.columns == [
        "incident", "end", "series", "judged", "share", "score", "direction", "first", "labels",
        "over_represented", "metrics", "members", "reason",
      ])
    #expect(Self.cells(table, "incident") == ["1", "2", "3"])
    #expect(Self.cells(table, "series") == ["8", "1", "1"])
    #expect(Self.cells(table, "judged") == ["20", "20", "20"])
    #expect(Self.cells(table, "share") == ["0.4", "0.05", "0.05"])
    #expect(Self.cells(table, "labels")[0] == "dc=eu, service=checkout")
    #expect(
      Self.cells(table, "first")[0] == "load<dc=eu,host=h0,service=checkout,team=a>")
    #expect(Self.cells(table, "over_represented")[0] == "service=checkout (8 of 10)")
    #expect(Self.cells(table, "metrics")[0] == "load")
    #expect(Self.cells(table, "direction")[0] == "up")
    #expect(Self.cells(table, "members")[0].hasPrefix("load<dc=eu,host=h0,"))
    // From the third sample on a series has left its pool; the last one ends at minute 45.
    #expect(table.series[0].times[0].seconds == Self.end - Double(60 - 22) * 60)
    #expect(Self.cells(table, "end")[0] == "15.0")
  }

  @Test("labels nest: a service, and its teams inside of it")
  func nested() async throws {
    let table = try await Self.table(
      "incidents(peers(load[1h]), by=[service, team])", Self.services)
    #expect(Self.cells(table, "incident") == ["1", "1.1", "1.2", "2", "2.1", "3", "3.1"])
    #expect(
      table.series.map { $0.key.labels.all.map(\.value).joined(separator: "/") } == [
        "checkout", "checkout/a", "checkout/b", "search", "search/a", "search", "search/a",
      ])
    #expect(Self.cells(table, "series") == ["8", "6", "2", "1", "1", "1", "1"])
    #expect(Self.cells(table, "judged") == ["10", "6", "4", "10", "6", "10", "6"])
    // No series is in two groups, so another service never joins.
    let teams = try await Self.table("incidents(peers(load[1h]), by=team)", Self.services)
    #expect(Self.cells(teams, "series") == ["6", "2", "1", "1"])
  }

  @Test("within, min and max, and columns as series")
  func arguments() async throws {
    let narrow = try await Self.table(
      "load[1h] | peers | incidents(within=1m)", Self.services)
    // One a minute: those that follow each other are one, team b came later.
    #expect(Self.cells(narrow, "series") == ["6", "2", "1", "1"])
    let large = try await Self.table("load[1h] | peers | incidents(min=2)", Self.services)
    #expect(Self.cells(large, "series") == ["8"])
    let few = try await Self.table("load[1h] | peers | incidents(max=1)", Self.services)
    #expect(Self.cells(few, "series") == ["8"] && few.warnings.isEmpty)
    #expect(few.infos == ["the first 1 of 3 incidents; max= lists more"])
    let column = try await Self.table(
      "incidents(peers(load[1h]), by=[service]).series > 3", Self.services)
    #expect(column.type == "series" && column.rowCount == 1)
    #expect(column.series[0].key.labels["service"] == "checkout")
    // What chance brings so often is no incident: many alarms a day are wanted.
    let noisy = try await Self.table(
      "load[1h] | peers | incidents(alarms=100, per=1d)", Self.services)
    #expect(Set(Self.cells(noisy, "series")) == ["1"])
  }

  @Test("outliers(...) too, and nothing where nothing is strange")
  func outliers() async throws {
    var source = MemorySource()
    for host in 0..<12 {
      source.add(
        "load", ["host": "h\(host)", "service": host < 8 ? "web" : "db"],
        (0...120).map { hour in
          let value = 50 + Double((hour * 7 + host * 3) % 5)
          return (Self.end - Double(120 - hour) * 3600, value + (host < 4 && hour > 115 ? 40 : 0))
        })
    }
    let found = try await Self.table(
      "outliers(load[12h], method=mad, threshold=8) | incidents(by=[service], within=2h)", source)
    #expect(Self.cells(found, "series") == ["4"] && Self.cells(found, "judged") == ["8"])
    #expect(found.series.first?.times.first?.seconds == Self.end - 4 * 3600)
    let calm = try await Self.table(
      "load<host=[h11, h12, h13]>[1h] | peers | incidents", Self.services)
    #expect(calm.rowCount == 0)
    // A single series has nothing to be held against.
    let alone = try await Self.table(
      "outliers(load<host=h0>[12h], method=mad, threshold=8) | incidents", source)
    #expect(Self.cells(alone, "series").allSatisfy { $0 == "1" })
    let why = try await Self.table(
      "outliers(load<host=h0>[12h], method=mad, threshold=8) | why", source)
    #expect(Self.cells(why, "kind").allSatisfy { $0 == "first" })
    #expect(
      try await Self.table("load<host=none>[1h] | peers | incidents", Self.services).rowCount == 0)
  }

  @Test(
    "what cannot work is refused before any data is read",
    arguments: [
      ("m | incidents", "stage 1 `incidents` wants outliers, got series"),
      ("incidents(peers(m), by=[5])", "by must be a label or a list of them"),
      ("incidents(peers(m), within=0s)", "within must be a duration"),
      ("incidents(peers(m), alarms=0)", "alarms must be a number above 0"),
      ("incidents(peers(m), min=0)", "min must be a whole number"),
      ("incidents(peers(m), witin=5m)", "it has no argument witin"),
    ])
  func errors(_ text: String, _ message: String) {
    #expect {
      try Query(text)
    } throws: { error in
      #expect("\(error)".contains(message), "\(error)")
      return true
    }
  }
}

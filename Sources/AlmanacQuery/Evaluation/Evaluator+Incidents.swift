internal import AlmanacCore
internal import AlmanacForecast

/// Outliers of many series as incidents.
extension Evaluator {
  /// Outliers that began together, the incident of most series first.
  func incidents(_ plan: IncidentsPlan, _ context: Context) async throws -> Report {
    guard case .outliers(let all) = try await evaluate(plan.input, context) else {
      preconditionFailure("BUG: the planner joins outliers only")
    }
    return try await pool.compute(weight: all.count * 16) {
      var search = IncidentSearch(of: all, plan)
      try budget.check()
      let found = search.incidents.filter { $0.members.count >= plan.least }
      if found.count > plan.limit {
        warnings.note("the first \(plan.limit) of \(found.count) incidents; max= lists more")
      }
      var table = ReportTable(columns: IncidentSearch.columns)
      for (place, one) in found.prefix(plan.limit).enumerated() {
        try budget.check()
        search.add(one, named: "\(place + 1)", to: &table)
      }
      return table.report
    }
  }
}

/// Episodes of outliers, joined where more series began within a window than chance would bring.
///
/// Chance is that of independent series with so many false alarms a day each. With several labels,
/// series are looked at in the groups of all labels, of all but the last, and so on; what began
/// together in any of them is one incident of the outermost group.
struct IncidentSearch {
  /// Outliers of one series with less than the window between them.
  struct Episode {
    /// The place of the series.
    var series: Int
    var start: Timestamp
    var end: Timestamp
    /// The strangest sample.
    var peak: JudgedSample
  }

  /// What began together.
  struct Incident {
    /// In order of time.
    var episodes: [Episode]
    /// How many labels of the plan all its series share by grouping.
    var level: Int
    /// The places of its series, by when each began.
    var members: [Int] = []
    var score = 0.0

    init(_ episodes: [Episode], level: Int) {
      self.episodes = episodes
      self.level = level
      var seen: Set<Int> = []
      for one in episodes {
        if seen.insert(one.series).inserted { members.append(one.series) }
        score = max(score, one.peak.score)
      }
    }

    /// Most series first, then the strangest, then the earliest.
    static func isBefore(_ a: Incident, _ b: Incident) -> Bool {
      if a.members.count != b.members.count { return a.members.count > b.members.count }
      if a.score != b.score { return a.score > b.score }
      let (first, second) = (a.episodes[0], b.episodes[0])
      return (first.start, first.series) < (second.start, second.series)
    }
  }

  static let columns = [
    "incident", "end", "series", "judged", "share", "score", "direction", "first", "labels",
    "over_represented", "metrics", "members", "reason",
  ]
  private static let probability = 0.05
  private static let mostFindings = 3
  private static let mostMembers = 10

  private let keys: [SeriesKey]
  private let plan: IncidentsPlan
  /// The group of each series by the first labels of the plan; by none first.
  private let groups: [[Int]]
  /// The incidents of the outermost groups, in order of rank.
  private(set) var incidents: [Incident] = []
  /// What is known of the groups whose incidents were listed.
  private var known: [[Int]: Group] = [:]

  /// The series that are watched in one group.
  private struct Group {
    let places: [Int]
    let values: LabelValues

    init(_ places: [Int], _ keys: [SeriesKey]) {
      self.places = places
      values = LabelValues(of: places.map { keys[$0] })
    }
  }

  init(of all: [LabelledOutliers], _ plan: IncidentsPlan) {
    self.plan = plan
    keys = all.map(\.key)
    groups = Self.groups(of: all.map(\.key), by: plan.labels)
    let episodes = all.indices.flatMap { Self.episodes(of: all[$0], $0, within: plan.within) }
      .sorted { ($0.start, $0.series) < ($1.start, $1.series) }
    incidents = join(episodes)
  }

  /// Groups by no label, by the first, by the first two and so on, numbered by their first series.
  private static func groups(of keys: [SeriesKey], by labels: [String]) -> [[Int]] {
    (0...labels.count).map { level in
      var numbers = [Int](repeating: 0, count: keys.count)
      let pools = SeriesPool.all(of: keys, by: Array(labels.prefix(level)))
      for (number, pool) in pools.enumerated() {
        for member in pool.members { numbers[member] = number }
      }
      return numbers
    }
  }

  private static func episodes(
    of one: LabelledOutliers, _ series: Int, within: Interval
  ) -> [Episode] {
    var episodes: [Episode] = []
    for (sample, time) in zip(one.samples, one.times) where sample.score >= 1 {
      if let last = episodes.last,
        time.nanoseconds.subtractingReportingOverflow(last.end.nanoseconds).partialValue
          <= within.nanoseconds
      {
        episodes[episodes.count - 1].end = time
        if sample.score > last.peak.score { episodes[episodes.count - 1].peak = sample }
      } else {
        // A run that began before what was judged has no sample of its own there.
        let start =
          sample.runLength > 1 ? one.grid.time(at: sample.runStart) : time
        episodes.append(
          Episode(series: series, start: min(start, time), end: time, peak: sample))
      }
    }
    return episodes
  }

  // MARK: - Joining

  private func join(_ episodes: [Episode]) -> [Incident] {
    var sets = DisjointSets(count: episodes.count)
    let outermost = min(1, plan.labels.count)
    // What a series does by chance within one window.
    let share = min(plan.alarmsPerDay * plan.within.seconds / Interval.days(1).seconds, 1)
    for level in outermost...plan.labels.count {
      var sizes: [Int: Int] = [:]
      for group in groups[level] { sizes[group, default: 0] += 1 }
      for (group, members) in Dictionary(
        grouping: episodes.indices, by: { groups[level][episodes[$0].series] })
      {
        let onsets = members.map {
          Coincidence.Onset(time: episodes[$0].start.nanoseconds, series: episodes[$0].series)
        }
        let least = Coincidence.least(of: sizes[group] ?? 0, share: share)
        for stretch in Coincidence.stretches(
          of: onsets, within: plan.within.nanoseconds, least: least)
        {
          for place in stretch.dropFirst() {
            sets.join(members[stretch.lowerBound], members[place])
          }
        }
      }
    }
    let parts = Dictionary(grouping: episodes.indices) { sets.root(of: $0) }
    return parts.values.map { part in Incident(part.map { episodes[$0] }, level: outermost) }
      .sorted(by: Incident.isBefore)
  }

  /// The parts of an incident by the next label; none where there is no further one.
  private func parts(of one: Incident) -> [Incident] {
    guard one.level < plan.labels.count else { return [] }
    let next = one.level + 1
    return Dictionary(grouping: one.episodes) { groups[next][$0.series] }
      .values.map { Incident($0, level: next) }.sorted(by: Incident.isBefore)
  }

  // MARK: - Rows

  /// Adds the row of an incident and those of its parts.
  mutating func add(_ one: Incident, named name: String, to table: inout ReportTable) {
    let watched = group(of: one)
    let members = one.members.map { keys[$0] }
    let names = plan.labels.prefix(one.level)
    let own = names.compactMap { name in
      members[0].labels[name].map { (name, $0) }
    }
    let strangest = one.episodes.max { $0.peak.score < $1.peak.score } ?? one.episodes[0]
    let directions = Set(one.episodes.map(\.peak.direction))
    let end = one.episodes.reduce(one.episodes[0].end) { max($0, $1.end) }
    table.addRow(
      [
        "incident": .text(name), "end": .time(end),
        "series": .integer(members.count), "judged": .integer(watched.places.count),
        "share": .number(Double(members.count) / Double(watched.places.count)),
        "score": .number(one.score),
        "direction": .text(
          directions.count == 1 ? strangest.peak.direction.rawValue : OutlierDirection.both.rawValue
        ),
        "first": .text(members[0].description),
        "labels": .text(Self.shared(members, but: Set(names))),
        "over_represented": .text(overRepresented(one, among: watched)),
        "metrics": .text(Set(members.map(\.metric)).filter { !$0.isEmpty }.sorted().listed(10)),
        "members": .text(members.map(\.description).listed(Self.mostMembers)),
        "reason": .text(strangest.peak.reason),
      ], at: one.episodes[0].start,
      of: SeriesKey(metric: "", labels: Labels(own)))
    for (place, part) in parts(of: one).prefix(plan.limit).enumerated() {
      add(part, named: "\(name).\(place + 1)", to: &table)
    }
  }

  /// The labels that all of `keys` have alike.
  private static func shared(_ keys: [SeriesKey], but known: Set<String>) -> String {
    guard let first = keys.first else { return "" }
    return first.labels.all.filter { label in
      !known.contains(label.name) && keys.allSatisfy { $0.labels[label.name] == label.value }
    }
    .map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
  }

  private func overRepresented(_ one: Incident, among watched: Group) -> String {
    let members = Set(one.members)
    return watched.values
      .findings(watched.places.map { members.contains($0) }, atMost: Self.probability)
      .prefix(Self.mostFindings).map { finding in
        "\(finding.value.name)=\(finding.value.value) "
          + "(\(finding.group.marked) of \(finding.group.size))"
      }
      .joined(separator: ", ")
  }

  private mutating func group(of one: Incident) -> Group {
    let number = groups[one.level][one.members[0]]
    if let group = known[[one.level, number]] { return group }
    let group = Group(keys.indices.filter { groups[one.level][$0] == number }, keys)
    known[[one.level, number]] = group
    return group
  }
}

extension [String] {
  /// The first `most` texts with commas, and how many there are beyond them.
  fileprivate func listed(_ most: Int) -> String {
    prefix(most).joined(separator: ", ") + (count > most ? ", and \(count - most) more" : "")
  }
}

/// Disjoint sets of 0 ..< count (Tarjan, Journal of the ACM 22, 1975).
private struct DisjointSets {
  private var parents: [Int]

  init(count: Int) {
    parents = Array(0..<count)
  }

  mutating func root(of element: Int) -> Int {
    var element = element
    while parents[element] != element {
      parents[element] = parents[parents[element]]
      element = parents[element]
    }
    return element
  }

  /// Joins the sets of two elements; the lower root stays.
  mutating func join(_ a: Int, _ b: Int) {
    let (first, second) = (root(of: a), root(of: b))
    parents[max(first, second)] = min(first, second)
  }
}

import AlmanacTesting

/// The series that queries are compared on: about 300 over three hours, each sample at a whole
/// multiple of five seconds.
///
/// Line protocol carries neither NaN nor infinities nor stale markers; queries make the first two
/// themselves, and series that end do so without a marker.
struct ComparedSeries {
  /// A metric and what queries need to know of it.
  struct Metric {
    enum Kind { case counter, gauge, bucket }

    let name: String
    let kind: Kind
    /// Labels with all their values.
    var labels: [(name: String, values: [String])]
    /// Whether no two samples at one time are equal.
    var isDistinct = false
  }

  /// 2026-01-01T00:00:00Z.
  static let start = 1_767_225_600
  static let seconds = 3 * 3600

  private static let jobs = ["api", "web"]
  private static let instances = (1...6).map { "host-\($0):9100" }
  private static let place = [(name: "job", values: jobs), (name: "instance", values: instances)]
  private static let bounds = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]

  static let metrics = [
    Metric(
      name: "requests", kind: .counter,
      labels: place + [
        (name: "code", values: ["200", "500"]), (name: "method", values: ["get", "put"]),
      ]),
    Metric(name: "gappy_total", kind: .counter, labels: place),
    Metric(name: "memory", kind: .gauge, labels: place + [(name: "zone", values: ["a", "b"])]),
    Metric(
      name: "temp", kind: .gauge,
      labels: [(name: "job", values: jobs), (name: "room", values: (0..<20).map { "r\($0)" })],
      isDistinct: true),
    Metric(name: "flag", kind: .gauge, labels: place),
    Metric(name: "latency_bucket", kind: .bucket, labels: place + [(name: "le", values: bounds)]),
    Metric(name: "latency_sum", kind: .counter, labels: place),
    Metric(name: "latency_count", kind: .counter, labels: place),
    Metric(
      name: "owner_info", kind: .gauge,
      labels: [(name: "job", values: jobs), (name: "owner", values: ["team-api", "team-web"])]),
    Metric(name: "quota", kind: .gauge, labels: place),
    Metric(name: "build", kind: .gauge, labels: place + [(name: "version", values: ["1", "2"])]),
    Metric(
      name: "sparse", kind: .gauge, labels: [(name: "n", values: (0..<12).map { "\($0)" })]),
  ]

  private(set) var all: [RemoteWrite.Series] = []
  private var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    for job in Self.jobs {
      let labels = ["job": job, "owner": "team-\(job)"]
      add("owner_info", labels, times(every: 60).map { ($0, 1) })
      for room in 0..<20 {
        let samples = times(every: 15).map { ($0, 20 + 5 * random.normal()) }
        add("temp", ["job": job, "room": "r\(room)"], samples)
      }
      for (number, instance) in Self.instances.enumerated() {
        addPlace(["job": job, "instance": instance], number)
      }
    }
    for number in 0..<12 {
      let samples = times(every: 5).compactMap { time in
        chance(1.0 / 18) ? (time, Double(Int.random(in: -9...9, using: &random))) : nil
      }
      add("sparse", ["n": "\(number)"], samples)
    }
  }

  private mutating func addPlace(_ place: [String: String], _ number: Int) {
    for code in ["200", "500"] {
      for method in ["get", "put"] {
        let labels = place.merging(["code": code, "method": method]) { $1 }
        add("requests", labels, counter(restarts: true))
      }
    }
    // What misses samples begins high and never starts anew: where one is missing Prometheus 3 extrapolates
    // by half a distance at most, Prometheus 2.42 until the counter would be 0.
    add("gappy_total", place, counter(restarts: false).filter { _ in !chance(0.25) })
    for zone in ["a", "b"] {
      var value = Double.random(in: -20...80, using: &random)
      var samples: [(time: Int, value: Double)] = []
      for time in times(every: 60) {
        value += random.normal()
        samples.append((time, (value * 100).rounded() / 100))
      }
      let since = { (time: Int) in time - Self.start }
      if number % 3 == 0 { samples.removeAll { (4000..<4720).contains(since($0.time)) } }
      if number % 4 == 1 { samples.removeAll { since($0.time) > 7000 } }
      add("memory", place.merging(["zone": zone]) { $1 }, samples)
    }
    add("flag", place, times(every: 60).map { ($0, chance(0.5) ? 1 : 0) })
    add("quota", place, times(every: 60).map { ($0, Double(10 * (number + 1))) })
    for version in ["1", "2"] {
      let (change, isOld) = (Self.start + 5000 + 300 * number, version == "1")
      add(
        "build", place.merging(["version": version]) { $1 },
        times(every: 60).filter { ($0 < change) == isOld }.map { ($0, 1) })
    }
    addHistogram(place)
  }

  private mutating func addHistogram(_ place: [String: String]) {
    let bounds = Self.bounds.map { Double($0) ?? .infinity }
    var counts = bounds.indices.map { Double(($0 + 1) * 50_000) }
    var sum = 100_000.0
    var buckets = bounds.map { _ in [(time: Int, value: Double)]() }
    var sums: [(time: Int, value: Double)] = []
    for time in times(every: 15) {
      if chance(0.003) { (counts, sum) = (bounds.map { _ in 0 }, 0) }
      for _ in 0..<Int.random(in: 0...8, using: &random) {
        let latency = abs(random.normal()) * 0.6
        sum += latency
        for (index, bound) in bounds.enumerated() where latency <= bound { counts[index] += 1 }
      }
      for index in bounds.indices { buckets[index].append((time, counts[index])) }
      sums.append((time, sum))
    }
    for (bound, samples) in zip(Self.bounds, buckets) {
      add("latency_bucket", place.merging(["le": bound]) { $1 }, samples)
    }
    add("latency_sum", place, sums)
    add("latency_count", place, buckets[bounds.count - 1])
  }

  private mutating func counter(restarts: Bool) -> [(time: Int, value: Double)] {
    var value = Double(Int.random(in: 10_000_000...20_000_000, using: &random))
    return times(every: restarts ? 15 : 60).map { time in
      value += Double(Int.random(in: 0...40, using: &random))
      if restarts, chance(0.004) { value = Double(Int.random(in: 0...20, using: &random)) }
      return (time, value)
    }
  }

  private func times(every step: Int) -> [Int] {
    Array(stride(from: Self.start, to: Self.start + Self.seconds, by: step))
  }

  private mutating func chance(_ share: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < share
  }

  private mutating func add(
    _ name: String, _ labels: [String: String], _ samples: [(time: Int, value: Double)]
  ) {
    all.append(
      RemoteWrite.Series(labels: labels.merging(["__name__": name]) { $1 }, samples: samples))
  }

  /// The samples in order of time, cut into pieces of twenty minutes: Prometheus refuses what
  /// comes an hour late.
  var pieces: [[RemoteWrite.Series]] {
    stride(from: Self.start, to: Self.start + Self.seconds, by: 1200).map { from in
      all.compactMap { one in
        let samples = one.samples.filter { from..<from + 1200 ~= $0.time }
        return samples.isEmpty ? nil : RemoteWrite.Series(labels: one.labels, samples: samples)
      }
    }
  }

  /// A piece as line protocol with times in seconds.
  static func lines(_ piece: [RemoteWrite.Series]) -> String {
    var lines = ""
    for one in piece {
      let tags = one.labels.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }
      let key = (one.labels["__name__"] ?? "") + tags.map { ",\($0.key)=\($0.value)" }.joined()
      for (time, value) in one.samples { lines += "\(key) value=\(value) \(time)\n" }
    }
    return lines
  }
}

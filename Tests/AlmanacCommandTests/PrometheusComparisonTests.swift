import AlmanacTesting
import Foundation
import Testing

/// The same queries over the same samples, asked of Prometheus and of us.
@Suite(.serialized) struct PrometheusComparisonTests {
  /// Answers may differ by so much of their size.
  static let tolerance = 1e-9
  /// What is left of a sum that comes to 0, where one of the two sums more exactly.
  static let nothing = 1e-12

  @Test(
    "300 queries have Prometheus' answers",
    .enabled(
      if: PrometheusProcess.binary != nil,
      "there is no prometheus in PATH; Debian's package of that name is one"))
  func queries() async throws {
    let prometheus = try await PrometheusProcess(try #require(PrometheusProcess.binary))
    let directory = try TemporaryDirectory()
    // Few samples before a seal: some are in parts, some in the head.
    let almanac = try await ServerProcess(
      directory: directory.path, port: FreePorts.next(), sealAfter: 50_000)
    for piece in ComparedSeries(seed: 1).pieces {
      try await prometheus.write(piece)
      let reply = try await ServerProcess.send(
        "POST", almanac.url + "/write?precision=s", body: ComparedSeries.lines(piece))
      try #require(reply.status == 204, "\(reply.body)")
    }
    let seed: UInt64 = ServerProcess.isSoak ? .random(in: 0..<1_000_000) : 42
    let count = ServerProcess.isSoak ? 10_000 : 300
    var generator = PromQLGenerator(seed: seed)
    var tally: [String: Int] = [:]
    for number in 0..<count {
      let question = generator.question()
      let theirs = try await Answer(question, from: prometheus.url)
      let ours = try await Answer(question, from: almanac.url)
      tally[theirs.kind, default: 0] += 1
      if let difference = ours.difference(to: theirs, isOrdered: question.isOrdered) {
        let steps = question.step.map { "\(question.start) to \(question.end) every \($0)" }
        Issue.record(
          "seed \(seed), query \(number): \(question.text) at \(steps ?? "\(question.end)"): \(difference)"
        )
      }
    }
    print("seed \(seed): \(tally.sorted { $0.key < $1.key })")
    // What has no answer or an empty one proves little.
    #expect(tally["data", default: 0] > count * 3 / 4)
    #expect(almanac.terminate() == 0)
  }

  /// What a server answers.
  struct Answer {
    struct Series {
      var labels: [String: String]
      var points: [(time: Double, value: Double)]

      var text: String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
      }
    }

    /// What was wrong with the query, where something was.
    private(set) var error: String?
    private(set) var type = ""
    private(set) var series: [Series] = []

    /// For a tally.
    var kind: String { error != nil ? "error" : series.isEmpty ? "empty" : "data" }

    init(_ question: PromQLGenerator.Question, from url: String) async throws {
      let query = question.text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      let address =
        question.step.map {
          "\(url)/api/v1/query_range?start=\(question.start)&end=\(question.end)&step=\($0)"
        } ?? "\(url)/api/v1/query?time=\(question.end)"
      let reply = try await ServerProcess.send("GET", "\(address)&query=\(query)")
      let json = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
      guard reply.status == 200 else {
        error = "\(reply.status) \(json?["error"] ?? reply.body)"
        return
      }
      let data = try #require(json?["data"] as? [String: Any])
      type = try #require(data["resultType"] as? String)
      if let number = data["result"] as? [Any], type == "scalar" {
        series = [Series(labels: [:], points: [try Self.point(number)])]
        return
      }
      for one in try #require(data["result"] as? [[String: Any]]) {
        let points = try one["values"] as? [[Any]] ?? [#require(one["value"] as? [Any])]
        series.append(
          Series(
            labels: try #require(one["metric"] as? [String: String]),
            points: try points.map(Self.point)))
      }
    }

    private static func point(_ pair: [Any]) throws -> (time: Double, value: Double) {
      let text = try #require(pair.last as? String)
      return (try #require(pair.first as? NSNumber).doubleValue, try #require(Double(text)))
    }

    /// How this differs from `other`; nil where it does not.
    func difference(to other: Answer, isOrdered: Bool) -> String? {
      if error != nil, other.error != nil { return nil }
      if let error { return "only we refuse: \(error)" }
      if let error = other.error { return "only Prometheus refuses: \(error)" }
      if type != other.type { return "ours is a \(type), theirs a \(other.type)" }
      let mine = isOrdered ? series : series.sorted { $0.text < $1.text }
      let theirs = isOrdered ? other.series : other.series.sorted { $0.text < $1.text }
      guard mine.map(\.labels) == theirs.map(\.labels) else {
        let ours = mine.map(\.text).filter { !theirs.map(\.text).contains($0) }
        let missing = theirs.map(\.text).filter { !mine.map(\.text).contains($0) }
        if ours.isEmpty, missing.isEmpty { return "the same series in another order" }
        return "\(ours.count) series are ours only, as \(ours.first ?? "none"), and"
          + " \(missing.count) theirs only, as \(missing.first ?? "none")"
      }
      for (one, another) in zip(mine, theirs) {
        guard one.points.map(\.time) == another.points.map(\.time) else {
          return "\(one.text): \(one.points.count) values, theirs \(another.points.count)"
        }
        for (a, b) in zip(one.points, another.points) where !Self.isNear(a.value, b.value) {
          return "\(one.text) at \(a.time): \(a.value), theirs \(b.value)"
        }
      }
      return nil
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool {
      let size = max(abs(a), abs(b))
      return a == b || a.isNaN && b.isNaN || size <= PrometheusComparisonTests.nothing
        || abs(a - b) <= PrometheusComparisonTests.tolerance * size
    }
  }
}

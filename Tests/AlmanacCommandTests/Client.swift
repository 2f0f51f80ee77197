import AlmanacTesting
import Foundation
import Glibc
import Synchronization
import Testing

/// A client with series of its own and at most one operation in flight, which remembers what it
/// did and judges what the server has.
struct Client: Sendable {
  let number: Int
  /// Whether it deletes too.
  var deletes = true
  /// What was there when it last looked.
  private(set) var base = Contents()
  /// What it did since.
  private(set) var operations: [Operation] = []
  /// Answers that were neither good nor missing, by status.
  private(set) var refusals: [Int: Int] = [:]
  /// The last of those that was not "try again".
  private(set) var oddity = ""
  private var random: SeededGenerator
  private var values = 0
  private var seriesCount = 2
  private var times: [Int] = []

  /// The operations of `number` that `seed` makes.
  init(_ number: Int, seed: UInt64) {
    self.number = number
    random = SeededGenerator(seed: seed &* 1009 &+ UInt64(number))
  }

  /// The time of `CLOCK_MONOTONIC`, ns.
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Confirmed operations.
  var confirmed: Int { operations.count { $0.confirmed != nil } }

  // MARK: - Doing

  /// Goes on until `stop` is set or, unless it is `patient`, the server does not answer.
  ///
  /// It is not cancelled: to cancel a request that ends is a deadlock of Foundation on Linux.
  mutating func run(against url: String, patient: Bool = false, until stop: Stop) async {
    while !stop.isSet.load(ordering: .relaxed) {
      let kind = nextKind()
      operations.append(Operation(kind: kind, sent: Self.now()))
      let reply = try? await send(kind, to: url)
      if let reply, reply.status == 204 {
        operations[operations.count - 1].confirmed = Self.now()
      } else if let reply {
        refusals[reply.status, default: 0] += 1
        if reply.status != 503 { oddity = "\(kind) was answered \(reply.status) \(reply.body)" }
        try? await Task.sleep(for: .milliseconds(20))
      } else if !patient {
        return
      }
      try? await Task.sleep(for: .milliseconds(Int.random(in: 0...4, using: &random)))
    }
  }

  private func send(
    _ kind: Operation.Kind, to url: String
  ) async throws -> (status: Int, body: String) {
    switch kind {
    case .write(let points):
      let lines = points.map { "w\(number),s=\($0.series) value=\(text($0.value)) \($0.time)\n" }
      return try await ServerProcess.send(
        "POST", url + "/write?precision=s", body: lines.joined())
    case .delete(let series, let times):
      let selector = "w\(number)" + (series.map { "<s=\"\($0)\">" } ?? "")
      let match = selector.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
      return try await ServerProcess.send(
        "POST",
        url + "/api/v1/admin/tsdb/delete_series?match%5B%5D=\(match)"
          + "&start=\(times.lowerBound)&end=\(times.upperBound)")
    case .compact:
      return try await ServerProcess.send("POST", url + "/api/v1/admin/tsdb/compact")
    }
  }

  /// Hundredths as a decimal.
  private func text(_ value: Int) -> String {
    let rest = value % 100
    return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  private mutating func nextKind() -> Operation.Kind {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<2: return .compact
    case 2..<8 where deletes && !times.isEmpty:
      let start = times.randomElement(using: &random) ?? 0
      let length = [10, 1_000, 100_000].randomElement(using: &random) ?? 0
      let series =
        Bool.random(using: &random) ? Int.random(in: 1...seriesCount, using: &random) : nil
      return .delete(series: series, times: start...start + length)
    default: return .write(nextPoints())
    }
  }

  private mutating func nextPoints() -> [Operation.Point] {
    if Int.random(in: 0..<10, using: &random) == 0, seriesCount < 40 { seriesCount += 1 }
    let latest = Int(Date().timeIntervalSince1970) - 60
    let start: Int
    switch Int.random(in: 0..<10, using: &random) {
    case 0: start = latest - Int.random(in: 0..<200 * 86_400, using: &random)
    case 1..<4: start = times.randomElement(using: &random) ?? latest
    default: start = latest - Int.random(in: 0..<100_000, using: &random)
    }
    let limit = Int.random(in: 0..<8, using: &random) == 0 ? 600 : 40
    let step = [1, 10, 60].randomElement(using: &random) ?? 1
    var points: [Operation.Point] = []
    for index in 0..<Int.random(in: 1...limit, using: &random) {
      let time = start + index * step
      guard time <= latest else { break }
      values += 1
      points.append(
        Operation.Point(
          series: Int.random(in: 1...seriesCount, using: &random), time: time,
          value: number * 100_000_000 + values))
    }
    times.append(start)
    if times.count > 200 { times.removeFirst(100) }
    return points.isEmpty ? nextPoints() : points
  }

  // MARK: - Judging

  /// What the server at `url` has of this client.
  func read(from url: String) async throws -> Contents {
    let reply = try await ServerProcess.send(
      "GET", url + "/api/v1/query?query=w\(number)%5B1000d%5D")
    try #require(reply.status == 200, "\(reply.body)")
    let json = try JSONSerialization.jsonObject(with: Data(reply.body.utf8)) as? [String: Any]
    let data = try #require(json?["data"] as? [String: Any])
    var contents = Contents()
    for series in try #require(data["result"] as? [[String: Any]]) {
      let labels = try #require(series["metric"] as? [String: String])
      let id = try #require(labels["s"].flatMap { Int($0) })
      contents.apply(
        .write(
          try #require(series["values"] as? [[Any]]).map { pair in
            Operation.Point(
              series: id, time: try #require(pair[0] as? Int),
              value: Int((try #require(Double(pair[1] as? String ?? "")) * 100).rounded()))
          }))
    }
    return contents
  }

  /// What must be there, given what was `found`: everything confirmed before `cut`, and of what was
  /// sent before `end` and not confirmed each operation wholly or not at all. Nil where nothing of
  /// the kind was found; `message` then says how it differs.
  func judge(
    _ found: Contents, confirmedBefore cut: UInt64 = .max, sentBefore end: UInt64? = nil,
    judging isJudged: (Int) -> Bool = { _ in true }
  ) -> (contents: Contents?, message: String) {
    let sent = operations.filter { $0.sent < end ?? cut }
    let isSure = { (operation: Operation) in operation.confirmed.map { $0 < cut } ?? false }
    let seen = found.filter(isJudged)
    var isIn = sent.map { operation in
      if isSure(operation) { return true }
      guard case .write(let points) = operation.kind else { return false }
      return points.contains { found.holds($0) }
    }
    // Whether a deletion without an answer took place cannot be seen: all ways are tried.
    let open = sent.indices.filter {
      guard !isSure(sent[$0]), case .delete = sent[$0].kind else { return false }
      return true
    }.suffix(8)
    var message = ""
    for mask in 0..<1 << open.count {
      for (bit, index) in open.enumerated() { isIn[index] = mask >> bit & 1 == 1 }
      var contents = base
      for (operation, isIn) in zip(sent, isIn) where isIn { contents.apply(operation.kind) }
      let expected = contents.filter(isJudged)
      if expected == seen { return (contents, "") }
      if mask == 0 {
        message =
          "client \(number) after \(sent.count) operations: \(expected.difference(to: seen))"
      }
    }
    return (nil, message)
  }

  /// Takes `contents`, what was found, as given: what went before is settled.
  mutating func settle(_ contents: Contents) {
    base = contents
    operations = []
  }
}

/// Tells clients to end.
final class Stop: Sendable {
  let isSet = Atomic<Bool>(false)
}

/// Some clients at once.
struct Clients: Sendable {
  var all: [Client]

  init(_ count: Int, seed: UInt64) {
    all = (1...count).map { Client($0, seed: seed) }
  }

  /// Runs all until `body` ends, then until each has its answer.
  mutating func run(
    against server: ServerProcess, patient: Bool = false, while body: () async throws -> Void
  ) async throws {
    let (clients, url, stop) = (all, server.url, Stop())
    var failure: (any Error)?
    all = await withTaskGroup(of: Client.self) { group in
      for client in clients {
        group.addTask {
          var client = client
          await client.run(against: url, patient: patient, until: stop)
          return client
        }
      }
      do { try await body() } catch { failure = error }
      stop.isSet.store(true, ordering: .relaxed)
      return await group.reduce(into: []) { $0.append($1) }
    }
    if let failure { throw failure }
    all.sort { $0.number < $1.number }
  }

  var confirmed: Int { all.reduce(0) { $0 + $1.confirmed } }

  /// Compares everything with what `server` has, and settles it.
  mutating func judge(
    _ server: ServerProcess, _ place: String, judging isJudged: (Int) -> Bool = { _ in true }
  ) async throws {
    for index in all.indices {
      let found = try await all[index].read(from: server.url)
      let verdict = all[index].judge(found, judging: isJudged)
      let contents = try #require(verdict.contents, "\(place): \(verdict.message)")
      #expect(all[index].refusals.allSatisfy { $0.key == 503 }, "\(place): \(all[index].oddity)")
      all[index].settle(contents)
    }
  }
}

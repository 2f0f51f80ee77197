import AlmanacTesting
import Foundation
import Testing

/// `kill -9` during a load and its seals: what was acknowledged is there, nothing else is.
@Suite(.serialized) struct KillTests {
  /// Points that writers sent, by series, time and value. A point's value tells which one it is.
  private actor Ledger {
    /// Times acknowledged, and times that were sent and not answered, by writer.
    var acknowledged: [Int: Set<Int>] = [:]
    var unanswered: [Int: Set<Int>] = [:]

    func sent(_ times: Range<Int>, by writer: Int) {
      unanswered[writer, default: []].formUnion(times)
    }

    func confirm(_ times: Range<Int>, by writer: Int) {
      acknowledged[writer, default: []].formUnion(times)
      unanswered[writer]?.subtract(times)
    }
  }

  /// What the point of a writer at a time must be: two decimals, as agents send.
  static func value(_ writer: Int, _ time: Int) -> Double {
    Double((writer * 7919 + time * 104_729) % 1_000_003) / 100
  }

  private static func write(
    _ writer: Int, from start: Int, to url: String, _ ledger: Ledger
  ) async -> Int {
    var next = start
    while !Task.isCancelled {
      let times = next..<next + 50
      let lines = times.map { "m,writer=\(writer) value=\(value(writer, $0)) \($0)\n" }
      await ledger.sent(times, by: writer)
      next = times.upperBound
      guard
        let reply = try? await ServerProcess.send(
          "POST", url + "/write?precision=s", body: lines.joined()), reply.status == 204
      else { return next }
      await ledger.confirm(times, by: writer)
      try? await Task.sleep(for: .milliseconds(4))
    }
    return next
  }

  @Test("twenty kills at random moments lose no acknowledged point and invent none")
  func kills() async throws {
    let rounds = ServerProcess.isSoak ? 200 : 20
    let seed = UInt64.random(in: 0..<1_000_000)
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    let ledger = Ledger()
    var next = [Int](repeating: 0, count: 4)
    var slowest = 0.0
    for round in 0..<rounds {
      let server = try await ServerProcess(
        directory: directory.path, port: FreePorts.next(),
        // So few that kills hit seals too, every second round.
        sealAfter: round % 2 == 0 ? 1500 : 4_000_000)
      slowest = max(slowest, server.secondsToReady)
      let url = server.url
      let pause = Int.random(in: 30...400, using: &random)
      let starts = next
      next = await withTaskGroup(of: (Int, Int).self) { group in
        for writer in starts.indices {
          group.addTask {
            (writer, await Self.write(writer, from: starts[writer], to: url, ledger))
          }
        }
        try? await Task.sleep(for: .milliseconds(pause))
        server.killNow()
        return await group.reduce(into: starts) { $0[$1.0] = $1.1 }
      }
      guard round % 5 == 4 || round == rounds - 1 else { continue }
      try await check(directory.path, ledger, "seed \(seed), round \(round)")
    }
    let total = await ledger.acknowledged.values.reduce(0) { $0 + $1.count }
    #expect(total > rounds * 50, "too little was written to prove anything")
    #expect(slowest < 2, "ready after \(slowest) s")
    print("\(rounds) kills, \(total) acknowledged points, ready after at most \(slowest) s")
  }

  private func check(_ directory: String, _ ledger: Ledger, _ place: String) async throws {
    let server = try await ServerProcess(directory: directory, port: FreePorts.next())
    var found: [Int: Set<Int>] = [:]
    for row in try await server.rows("m", "&start=0&end=100000000") {
      let time = try #require(ISO8601DateFormatter().date(from: String(row[0])))
      let writer = try #require(Int(row[2]))
      let seconds = Int(time.timeIntervalSince1970)
      #expect(Double(row[3]) == Self.value(writer, seconds), "\(place): \(row)")
      found[writer, default: []].insert(seconds)
    }
    for (writer, times) in await ledger.acknowledged {
      let missing = times.subtracting(found[writer] ?? [])
      #expect(missing.isEmpty, "\(place): writer \(writer) lost \(missing.count) points")
      let possible = times.union(await ledger.unanswered[writer] ?? [])
      let invented = (found[writer] ?? []).subtracting(possible)
      #expect(invented.isEmpty, "\(place): writer \(writer) has \(invented.count) too many")
    }
    server.killNow()
  }
}

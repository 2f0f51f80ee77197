import AlmanacTesting
import Glibc
import Testing

@testable import AlmanacForecast

@Suite struct PeerJudgeTests {
  private func judge(
    _ members: [[Double]], _ method: PeerMethod = .dbscan, tolerance: Double = 3, from: Int = 0,
    hold: Int = 5, name: String = "pool=eu-1", all: Bool = false
  ) -> [[JudgedSample]] {
    PeerJudge(
      method: method, tolerance: tolerance, hold: hold, context: 60, name: name, includesAll: all
    ).judge(members, from: from) { () throws(Never) in }
  }

  /// Hosts that each stray about a level of their own, which is about 50.
  private func pool(
    _ hosts: Int, _ moments: Int, seed: UInt64 = 1, offset: Double = 3
  ) -> [[Double]] {
    var random = SeededGenerator(seed: seed)
    return (0..<hosts).map { _ in
      let level = 50 + offset * random.normal()
      return (0..<moments).map { _ in level + 2 * random.normal() }
    }
  }

  // MARK: - Who differs

  @Test(
    "a host that leaves its pool is found, the others are not",
    arguments: [PeerMethod.dbscan, .mad], [3, 5, 12, 100])
  func leaver(_ method: PeerMethod, _ hosts: Int) {
    var members = pool(hosts, 90, seed: 4, offset: hosts == 3 ? 0.5 : 2)
    for moment in 60..<90 { members[1][moment] += 60 }
    // Of a hundred hosts some stray by three robust deviations.
    let found = judge(members, method, tolerance: hosts == 100 ? 5 : 3)
    #expect(found[1].map(\.index) == [Int](62..<90))
    for (member, samples) in found.enumerated() where member != 1 {
      #expect(samples.count <= 2, "\(member)")
    }
    guard let first = found[1].first else { return }
    #expect(first.direction == .up && first.code == "above_peers")
    #expect(first.runStart == 62 && first.runLength == 1)
    #expect(found[1].last?.runLength == 28 && found[1].last?.runStart == 62)
    #expect(abs(first.expected - 50) < 4 && first.upper < first.value)
    #expect(first.score >= 1)
  }

  @Test("the reason tells where the others are")
  func reason() {
    var members = (0..<12).map { host in [Double](repeating: Double(41 + host), count: 8) }
    members[11] = [Double](repeating: 93, count: 8)
    #expect(
      judge(members)[11].first?.reason == "93; the other 11 of pool=eu-1 are at 41 to 51")
    members[10] = [Double](repeating: -200, count: 8)
    #expect(
      judge(members, name: "")[11].first?.reason == "93; 10 of the other 11 are at 41 to 50")
    #expect(judge(members)[10].first?.direction == .down)
  }

  @Test(
    "one strange sample is none, and a host that is back is none",
    arguments: PeerMethod.allCases)
  func short(_ method: PeerMethod) {
    var members = pool(8, 60, offset: 1)
    members[2][30] += 200
    #expect(judge(members, method)[2].isEmpty)
    for moment in 40..<50 { members[2][moment] += 200 }
    #expect(judge(members, method)[2].map(\.index) == [Int](42..<50))
  }

  @Test("score is 1 at lower and upper")
  func bounds() {
    let members = pool(15, 80)
    for method in PeerMethod.allCases {
      for sample in judge(members, method, tolerance: 0.7, all: true).joined()
      where sample.score >= 1 {
        #expect(sample.value >= sample.upper || sample.value <= sample.lower)
      }
    }
  }

  @Test("a few that stay together are no pool of their own")
  func minority() {
    var members = pool(20, 60, offset: 1)
    for host in 0..<4 { members[host] = members[host].map { $0 + 100 } }
    let found = judge(members)
    #expect(found[0..<4].allSatisfy { $0.count == 58 })
    #expect(found[4...].allSatisfy { $0.isEmpty })
  }

  // MARK: - Who does not

  @Test("pools that are all the same do not explode")
  func identical() {
    var members = [[Double]](repeating: [Double](repeating: 100, count: 50), count: 6)
    #expect(judge(members).allSatisfy { $0.isEmpty })
    members[0] = members[0].map { $0 + 1 }
    #expect(judge(members).allSatisfy { $0.isEmpty })
    members[0] = members[0].map { $0 + 9 }
    let found = judge(members)
    #expect(found[0].count == 48 && found[1...].allSatisfy { $0.isEmpty })
    #expect(found[0].allSatisfy { abs($0.score - 10.0 / 3) < 1e-9 })
    let zeros = [[Double]](repeating: [Double](repeating: 0, count: 20), count: 5)
    #expect(judge(zeros + [[Double](repeating: 4, count: 20)])[5].first?.score == 1000)
  }

  @Test("two are no pool, and say so where all is asked for")
  func few() {
    let found = judge(pool(2, 10), all: true)
    #expect(found.joined().allSatisfy { $0.score == 0 && $0.code == "too_few_peers" })
    #expect(found[0].count == 10)
  }

  @Test("what comes later changes nothing", arguments: PeerMethod.allCases)
  func prefix(_ method: PeerMethod) {
    let members = pool(7, 100, seed: 9)
    let whole = judge(members, method, tolerance: 1, all: true)
    let part = judge(members.map { Array($0[..<60]) }, method, tolerance: 1, all: true)
    // By their text: bounds of what is not judged are NaN.
    for (long, short) in zip(whole, part) { #expect("\(Array(long[..<60]))" == "\(short)") }
    let late = judge(members, method, tolerance: 1, from: 70, all: true)
    for (long, short) in zip(whole, late) { #expect("\(Array(long[70...]))" == "\(short)") }
  }

  @Test("a missing sample is no outlier; its last value stands for it in the pool for a while")
  func missing() {
    var members = pool(3, 40, offset: 0.5)
    for moment in 20..<30 { members[0][moment] = .nan }
    let found = judge(members, hold: 4, all: true)
    #expect(!found[0].contains { (20..<30).contains($0.index) })
    // Then two are left.
    let codes = found[1].filter { $0.code == "too_few_peers" }.map(\.index)
    #expect(codes.contains(24) && codes.contains(29) && !codes.contains(23))
  }

  @Test("hosts that are alike are seldom outliers", arguments: [5, 20, 200])
  func alike(_ hosts: Int) {
    var outliers = 0
    var samples = 0
    for seed in 0..<(hosts > 100 ? 2 : 20) {
      let found = judge(pool(hosts, 80, seed: UInt64(seed)), from: 20)
      outliers += found.reduce(0) { $0 + $1.count }
      samples += hosts * 60
    }
    #expect(outliers * 50 <= samples, "\(outliers) of \(samples)")
  }

  // MARK: - Clusters

  /// The members of the largest cluster by the definition of DBSCAN, point by point.
  private func largest(_ points: [Double], eps: Double, least: Int) -> Set<Int> {
    let near = points.map { a in points.indices.filter { abs(points[$0] - a) <= eps } }
    var best: Set<Int> = []
    for seed in points.indices where near[seed].count >= least {
      var cluster: Set<Int> = [seed]
      var open = [seed]
      while let point = open.popLast() {
        for next in near[point] where near[point].count >= least && !cluster.contains(next) {
          cluster.insert(next)
          open.append(next)
        }
      }
      if cluster.count > best.count { best = cluster }
    }
    return best
  }

  @Test("the majority is the largest cluster of DBSCAN", arguments: [UInt64](0..<60))
  func clusters(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let count = Int.random(in: 3...40, using: &random)
    let points = (0..<count).map { _ in (random.normal() * 20).rounded() / 4 }.sorted()
    let eps = Double(Int.random(in: 0...8, using: &random)) / 4
    let least = max(2, Int(log(Double(count)).rounded(.up)))
    let members = largest(points, eps: eps, least: least)
    let found = Cluster.majority(ofSorted: points, eps: eps)
    #expect((found != nil) == (2 * members.count > count))
    guard let found else { return }
    let inside = points.indices.filter {
      points[$0] >= found.low - eps && points[$0] <= found.high + eps
    }
    #expect(Set(inside) == members)
  }
}

internal import AlmanacCore
internal import Glibc

/// Which members of a pool count as different.
public enum PeerMethod: String, Sendable, CaseIterable {
  /// Those outside of the largest dense cluster (Ester, Kriegel, Sander and Xu, 1996).
  case dbscan
  /// Those far from the median in units of the median absolute deviation.
  case mad
}

/// Finds the members of a pool that differ from the others.
///
/// At each moment every member is compared with the pool's median. What counts is the deviation now
/// and the median of its last five: the smaller one, and 0 where they lie on different sides. So a
/// single strange sample is no outlier, and a member that is back is none any more. Everything is
/// walk-forward: what is said of a moment uses it and earlier ones only.
///
/// The pool's unit is the median distance of its members to the median, lately or usually (the
/// medians of the last 5 and 60 moments), whichever is more, and a small pool's is wider: times
/// 1 + 2 / (members - 2). It is at least a hundredth of the pool's usual level.
///
/// - `mad`: a member may be `tolerance` robust standard deviations (1.4826 units) away.
/// - `dbscan`: the deviations are clustered with eps = `tolerance` units; a cluster grows from
///   points with log n points or more within eps (Birant and Kut, 2007). A member may be eps away
///   from the cluster that more than half of all belong to. Where there is none, nobody differs.
public struct PeerJudge: Sendable {
  /// Which members differ.
  public var method: PeerMethod
  /// How many units away a member may be; positive.
  public var tolerance: Double
  /// For how many moments a value stands for missing ones after it, as far as the pool is concerned.
  public var hold: Int
  /// Moments in what is to be looked at beside an outlier.
  public var context: Int
  /// What the pool is called in reasons, as `pool=eu-1`; empty where it has no name.
  public var name: String
  /// Whether samples that are none are answered too.
  public var includesAll: Bool

  /// Pools of fewer members are not judged.
  public static let leastMembers = 3
  /// Moments whose median deviation counts, and how many of them there must be.
  private static let recent = 5
  private static let leastRecent = 3
  /// Moments that tell what is usual.
  private static let past = 60
  /// The least unit, as a share of the level.
  private static let share = 0.01

  /// A judge of one pool.
  public init(
    method: PeerMethod, tolerance: Double, hold: Int, context: Int, name: String,
    includesAll: Bool
  ) {
    self.method = method
    self.tolerance = tolerance
    self.hold = hold
    self.context = context
    self.name = name
    self.includesAll = includesAll
  }

  /// Judges the samples of each member from the moment `from` on; earlier ones are history.
  ///
  /// - Parameters:
  ///   - members: one value a moment, all of the same length, NaN where there is none.
  ///   - check: called now and then; what it throws ends the work.
  public func judge<E: Error>(
    _ members: [[Double]], from: Int, polling check: () throws(E) -> Void
  ) throws(E) -> [[JudgedSample]] {
    let count = members.first?.count ?? 0
    precondition(members.allSatisfy { $0.count == count }, "BUG: members of other lengths")
    var pool = Pool(self, members: members.count)
    var results = [[JudgedSample]](repeating: [], count: members.count)
    var work = 0
    for moment in 0..<count {
      work += members.count
      if work > 1 << 16 {
        try check()
        work = 0
      }
      pool.move(to: moment, members)
      for member in members.indices where pool.isSampled[member] {
        pool.judge(member)
        guard moment >= from, includesAll || pool.scores[member] >= 1 else { continue }
        results[member].append(pool.sample(member))
      }
    }
    return results
  }

  /// A pool at one moment after the other.
  private struct Pool {
    private let judge: PeerJudge
    private var moment = -1
    /// What counts as the value of each member now; NaN for none.
    private var values: [Double]
    private(set) var isSampled: [Bool]
    private(set) var scores: [Double]
    private var newest: [Int]
    /// The last deviations of each member, `recent` a member.
    private var deviations: [Double]
    /// Their medians; NaN where there are too few.
    private var typical: [Double]
    private var present = 0
    private var centre = Double.nan
    /// Where a deviation scores 1; nil where nobody is judged.
    private var fences: (below: Double, above: Double)?
    private var units: Recent
    private var lately: Recent
    private var levels: Recent
    private var scratch: [Double] = []
    private var sizes: [Double] = []
    /// What members inside of the fences have, and how many these are.
    private var inside: (count: Int, low: Double, high: Double) = (0, .nan, .nan)
    private var runStart: [Int]
    private var runLength: [Int]

    init(_ judge: PeerJudge, members: Int) {
      self.judge = judge
      values = [Double](repeating: .nan, count: members)
      isSampled = [Bool](repeating: false, count: members)
      scores = [Double](repeating: 0, count: members)
      newest = [Int](repeating: -1, count: members)
      deviations = [Double](repeating: .nan, count: members * PeerJudge.recent)
      typical = values
      units = Recent(PeerJudge.past)
      lately = Recent(PeerJudge.recent)
      levels = Recent(PeerJudge.past)
      runStart = [Int](repeating: 0, count: members)
      runLength = runStart
    }

    /// The pool at the next moment.
    mutating func move(to moment: Int, _ members: [[Double]]) {
      self.moment = moment
      scratch.removeAll(keepingCapacity: true)
      for member in members.indices {
        let value = members[member][moment]
        isSampled[member] = value.isFinite
        if value.isFinite {
          values[member] = value
          newest[member] = moment
        } else if moment - newest[member] > judge.hold {
          values[member] = .nan
        }
        if !values[member].isNaN { scratch.append(values[member]) }
      }
      present = scratch.count
      centre = Quantiles.median(reordering: &scratch, count: present)
      let isPool = present >= PeerJudge.leastMembers
      scratch.removeAll(keepingCapacity: true)
      sizes.removeAll(keepingCapacity: true)
      for member in members.indices {
        let first = member * PeerJudge.recent
        deviations[first + moment % PeerJudge.recent] = isPool ? values[member] - centre : .nan
        typical[member] = Self.typical(deviations[first..<first + PeerJudge.recent])
        guard !values[member].isNaN else { continue }
        sizes.append(abs(values[member] - centre))
        if !typical[member].isNaN { scratch.append(typical[member]) }
      }
      fences = isPool ? fence() : nil
      look()
    }

    /// The median of the deviations that there are; NaN of too few.
    private static func typical(_ recent: ArraySlice<Double>) -> Double {
      let known = recent.filter { !$0.isNaN }.sorted()
      guard known.count >= PeerJudge.leastRecent else { return .nan }
      let middle = known.count / 2
      return known.count % 2 == 1 ? known[middle] : known[middle - 1] / 2 + known[middle] / 2
    }

    private mutating func fence() -> (below: Double, above: Double)? {
      let now = Quantiles.median(reordering: &sizes, count: present)
      units.add(now)
      lately.add(now)
      levels.add(abs(centre))
      let members = scratch.count
      guard members >= PeerJudge.leastMembers else { return nil }
      let unit = max(lately.median, units.median) * (1 + 2 / Double(members - 2))
      let least = judge.tolerance * PeerJudge.share * levels.median
      switch judge.method {
      case .mad:
        let reach = max(judge.tolerance * 1.4826 * unit, least)
        return (reach, reach)
      case .dbscan:
        scratch.sort()
        let eps = max(judge.tolerance * unit, least)
        let all = (low: scratch[0], high: scratch[members - 1])
        let cluster = Cluster.majority(ofSorted: scratch, eps: eps) ?? all
        return (max(eps - cluster.low, eps), max(cluster.high + eps, eps))
      }
    }

    /// Notes what the members inside of the fences have.
    private mutating func look() {
      inside = (0, .infinity, -.infinity)
      guard let fences else { return }
      for value in values where !value.isNaN {
        let deviation = value - centre
        guard deviation >= -fences.below, deviation <= fences.above else { continue }
        inside = (inside.count + 1, min(inside.low, value), max(inside.high, value))
      }
    }

    /// Scores a member's sample, which lengthens or ends its run.
    mutating func judge(_ member: Int) {
      let now = values[member] - centre
      let usual = typical[member]
      scores[member] = 0
      if let fences, now > 0 && usual > 0 || now < 0 && usual < 0 {
        let deviation = min(abs(now), abs(usual))
        let reach = now > 0 ? fences.above : fences.below
        scores[member] = min(deviation / reach, Fences.largestScore)
      }
      guard scores[member] >= 1 else {
        runLength[member] = 0
        return
      }
      if runLength[member] == 0 { runStart[member] = moment }
      runLength[member] += 1
    }

    /// What is said of a member's sample.
    func sample(_ member: Int) -> JudgedSample {
      let value = values[member]
      let isJudged = fences != nil && !typical[member].isNaN
      let start = runLength[member] > 0 ? runStart[member] : moment
      let isAbove = value >= centre
      var code = "usual"
      var reason = "within what its peers have"
      if !isJudged {
        (code, reason) = ("too_few_peers", "too few peers or samples to judge by")
      } else if scores[member] >= 1 {
        code = isAbove ? "above_peers" : "below_peers"
        reason = self.reason(value)
      }
      return JudgedSample(
        index: moment, value: value, expected: centre, lower: centre - (fences?.below ?? .nan),
        upper: centre + (fences?.above ?? .nan), score: scores[member], llActual: nil,
        llExpected: nil, direction: isAbove ? .up : .down, reason: reason, code: code,
        component: nil, contextStart: max(0, start - judge.context), contextEnd: moment,
        comparable: nil, runStart: start, runLength: runLength[member])
    }

    private func reason(_ value: Double) -> String {
      let short = OutlierWriter.short
      let others = present - 1
      let pool = judge.name.isEmpty ? "" : " of \(judge.name)"
      let who = (inside.count == others ? "" : "\(inside.count) of ") + "the other \(others)"
      let (low, high) = (short(inside.low), short(inside.high))
      return "\(short(value)); \(who)\(pool) are at " + (low == high ? low : "\(low) to \(high)")
    }
  }

  /// The median of the last few values.
  private struct Recent {
    private var window: RunningMedian
    private var values: [Double] = []
    private var next = 0
    private let capacity: Int

    init(_ capacity: Int) {
      self.capacity = capacity
      window = RunningMedian(capacity: capacity)
    }

    var median: Double { window.median }

    mutating func add(_ value: Double) {
      if values.count < capacity {
        values.append(value)
      } else {
        window.remove(values[next])
        values[next] = value
        next = (next + 1) % capacity
      }
      window.insert(value)
    }
  }
}

/// Density-based clusters of numbers (DBSCAN; Ester, Kriegel, Sander and Xu, 1996).
enum Cluster {
  /// The first and the last core point of the cluster that more than half of all points belong to;
  /// nil where there is none.
  ///
  /// A core point has log n points or more, itself among them and at least 2, within `eps`.
  static func majority(ofSorted points: [Double], eps: Double) -> (low: Double, high: Double)? {
    let least = max(2, Int(logarithm(points.count).rounded(.up)))
    var best: (low: Double, high: Double, size: Int)?
    var current: (low: Double, high: Double)?
    var (from, to) = (0, 0)
    let close = { (core: (low: Double, high: Double)?) in
      guard let core else { return }
      let first = points.indices.partitionPoint { points[$0] >= core.low - eps }
      let size = points.indices.partitionPoint { points[$0] > core.high + eps } - first
      if size > best?.size ?? 0 { best = (core.low, core.high, size) }
    }
    for point in points {
      while points[from] < point - eps { from += 1 }
      while to < points.count, points[to] <= point + eps { to += 1 }
      guard to - from >= least else { continue }
      if let core = current, point - core.high <= eps {
        current?.high = point
      } else {
        close(current)
        current = (point, point)
      }
    }
    close(current)
    guard let best, 2 * best.size > points.count else { return nil }
    return (best.low, best.high)
  }

  private static func logarithm(_ count: Int) -> Double { count > 1 ? log(Double(count)) : 0 }
}

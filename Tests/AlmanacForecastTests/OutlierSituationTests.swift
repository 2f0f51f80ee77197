import AlmanacCore
import Foundation
import Testing

@testable import AlmanacForecast

/// What people on call live through, at five minutes after four weeks of history.
@Suite("Situations on call")
struct OutlierSituationTests {
  private static let day = 288
  private static let hour = 12

  /// A daily rhythm with what `change` adds to each sample by its index.
  private static func signal(
    days: Int, seed: UInt64 = 1, _ change: (Int) -> Double
  ) -> [Double] {
    zip(0..., OutlierSignals.daily(days: days, samplesPerDay: day, seed: seed))
      .map { $1 + change($0) }
  }

  /// Indices that score 1 or more, from day 28 on or as told.
  private static func outliers(_ values: [Double], from: Int = 28 * day) throws -> [Int] {
    try OutlierDetector(options: OutlierOptions(samplesPerDay: day)).judge(values, from: from)
      .filter { $0.score >= 1 }.map(\.index)
  }

  /// Alarms among outliers: those less than half an hour apart are one.
  private static func alarms(_ outliers: [Int]) -> Int {
    zip([Int.min / 2] + outliers, outliers).count { $1 - $0 > hour / 2 }
  }

  // MARK: - Rhythms

  @Test("a job each day at six is usual; a day without it and a job at another hour are not")
  func dailyJob() throws {
    let (absent, moved) = (30, 32)
    var alarms = 0
    let seeds: ClosedRange<UInt64> = 1...4
    for seed in seeds {
      let values = Self.signal(days: 34, seed: seed) { index in
        let (date, time) = (index / Self.day, index % Self.day)
        let start = date == moved ? 11 * Self.hour : 6 * Self.hour
        return date != absent && (start..<(start + 6)).contains(time) ? 20 : 0
      }
      let found = try Self.outliers(values, from: 4 * Self.day)
      let jobs = (4..<34).filter { $0 != absent && $0 != moved }.map { $0 * Self.day + 72 }
      #expect(!found.contains { index in jobs.contains { ($0 - 2..<$0 + 8).contains(index) } })
      let missed = absent * Self.day + 6 * Self.hour
      #expect(found.contains { (missed...(missed + 2)).contains($0) })
      let other = moved * Self.day + 11 * Self.hour
      #expect(found.contains(other))
      alarms += Self.alarms(found)
    }
    #expect(alarms <= seeds.count * (3 + 34 / 7))
  }

  @Test("a dip that the forecast has too is none, nor is the same dip of each week")
  func dip() throws {
    let start = 30 * Self.day + 3 * Self.hour
    let dip = start..<(start + Self.hour)
    let values = Self.signal(days: 31) { index in
      (index / Self.day) % 7 == 2 && (36..<48).contains(index % Self.day) ? -20 : 0
    }
    #expect(try !Self.outliers(values).contains { (start - 2..<start + 14).contains($0) })
    // For the first time, and told by the forecast alone.
    let once = Self.signal(days: 31) { dip.contains($0) ? -20 : 0 }
    let plain = Self.signal(days: 31, seed: 9) { dip.contains($0) ? -20 : 0 }
    let curve = ReferenceCurve(
      expected: plain.indices.map { $0 >= 28 * Self.day ? plain[$0] : .nan },
      lower: plain.map { $0 - 2 }, upper: plain.map { $0 + 2 })
    let told = try OutlierDetector(options: OutlierOptions(samplesPerDay: Self.day))
      .judge(once, from: start - Self.hour, against: curve)
    #expect(told.prefix(3 * Self.hour).allSatisfy { $0.score < 1 })
    #expect(try Self.outliers(once).filter(dip.contains).count >= Self.hour - 1)
  }

  @Test("a weekend on another level is usual from the second one on")
  func weekend() throws {
    let values = Self.signal(days: 29) { $0 / Self.day % 7 < 5 ? 0 : -15 }
    let found = try Self.outliers(values, from: 5 * Self.day)
    #expect(found.contains { $0 / Self.day == 5 })
    #expect(Self.alarms(found.filter { $0 >= 8 * Self.day }) <= 4)
  }

  /// Alarms on the day of a change of the clock, and in the rest of the week, as sums over `seeds`.
  private static func clockAlarms(
    _ hours: Int, seeds: ClosedRange<UInt64>, _ rhythm: (_ day: Int, _ hour: Double) -> Double
  ) throws -> (first: Int, later: Int) {
    let change = 30 * day + 2 * hour
    var alarms = (first: 0, later: 0)
    for seed in seeds {
      let noise = OutlierSignals.noise(37 * day, seed: seed)
      let values = noise.indices.map { index in
        let moved = index + (index >= change ? hours * hour : 0)
        return noise[index] + rhythm(moved / day, Double(moved % day) / Double(hour))
      }
      let found = try outliers(values)
      alarms.first += Self.alarms(found.filter { (change..<change + day).contains($0) })
      alarms.later += Self.alarms(found.filter { $0 >= change + day })
    }
    return alarms
  }

  @Test(
    "a clock change raises a few alarms on its day and none of its own after it",
    arguments: [-1, 1])
  func clock(_ hours: Int) throws {
    let alarms = try Self.clockAlarms(hours, seeds: 1...6) { _, hour in
      50 + 5 * sin(2 * Double.pi * hour / 24)
    }
    #expect(alarms.first <= 6 * 6)
    // One a week is the rate.
    #expect(alarms.later <= 6 * 2)
  }

  @Test(
    "a clock change of what happens in office hours alarms on its first day alone",
    arguments: [-1, 1])
  func officeHours(_ hours: Int) throws {
    let alarms = try Self.clockAlarms(hours, seeds: 1...6) { day, hour in
      let work = 1 / (1 + exp(3 * (8 - hour))) - 1 / (1 + exp(3 * (18 - hour)))
      return 20 + (day % 7 < 5 ? 40 : 10) * work
    }
    #expect(alarms.first >= 6)
    #expect(alarms.first <= 6 * 2)
    #expect(alarms.later <= 6 * 2)
  }

  // MARK: - Levels

  private static let push = 30 * day + 14 * hour

  @Test(
    "a code push alarms at once, for hours and not for a week, and changes finds it",
    arguments: [20.0, -20, 6])
  func push(_ size: Double) throws {
    let spike = 33 * Self.day + 10 * Self.hour
    let values = Self.signal(days: 36) { index in
      (index >= Self.push ? size : 0) + ((spike..<spike + 3).contains(index) ? 9 : 0)
    }
    let found = try Self.outliers(values).filter { $0 >= Self.push - Self.day }
    #expect(found.first == Self.push)
    // The quarter day ends at 18 h, and half of one is asked for.
    let hours = found.filter { $0 < Self.push + 2 * Self.day }
    #expect((hours.last ?? 0) - Self.push < 9 * Self.hour)
    #expect(hours.count >= 3 * Self.hour)
    // On the new level it sees as well as before.
    #expect((spike..<spike + 3).allSatisfy(found.contains))
    #expect(Self.alarms(found) <= 4)
    let changes = ChangePoint.find(
      in: RegularSeries(
        start: Timestamp(nanoseconds: 0), step: .minutes(5), values: values))
    #expect(changes.count == 1 && changes.first?.kind == .level)
    #expect(abs((changes.first?.index ?? 0) - Self.push) <= 2)
    #expect(abs((changes.first?.after ?? 0) - (changes.first?.before ?? 0) - size) < 1)
  }

  @Test("a push that is taken back alarms both times, and nothing stays behind")
  func revert() throws {
    let back = Self.push + 3 * Self.day
    let values = Self.signal(days: 38) { (Self.push..<back).contains($0) ? 20 : 0 }
    let found = try Self.outliers(values)
    #expect(found.first { $0 >= Self.push - 2 } == Self.push)
    #expect(found.contains(back))
    #expect(Self.alarms(found.filter { $0 > back + 9 * Self.hour }) <= 1)
  }

  @Test("on a slope what is expected lies in the middle of its band", arguments: [0.5, -0.5])
  func slope(_ growth: Double) throws {
    let values = Self.signal(days: 31) { growth * Double($0) / Double(Self.day) }
    let judged = try OutlierDetector(options: OutlierOptions(samplesPerDay: Self.day))
      .judge(values, from: 30 * Self.day)
    #expect(judged.count == Self.day)
    #expect(judged.allSatisfy { abs($0.expected - ($0.lower + $0.upper) / 2) < 1e-9 })
  }

  @Test("a slow drift of hours is found by its half hours", arguments: [1.2, -1.2])
  func lasting(_ size: Double) throws {
    // Over three hours to a level that single samples reach too, and three hours there.
    let start = 30 * Self.day + 9 * Self.hour
    let hours = start..<(start + 6 * Self.hour)
    let values = Self.signal(days: 31, seed: 3) { index in
      hours.contains(index) ? size * min(Double(index - start) / Double(3 * Self.hour), 1) : 0
    }
    let judged = try OutlierDetector(options: OutlierOptions(samplesPerDay: Self.day))
      .judge(values, from: start)
    let found = judged.filter {
      $0.score >= 1 && $0.reason.contains("the mean of the last half hour")
    }
    #expect(found.contains { hours.contains($0.index) })
    #expect(found.allSatisfy { $0.direction == (size > 0 ? .up : .down) })
    #expect(found.allSatisfy { $0.code == "level_shift" })
  }

  // MARK: - Samples that are not there

  @Test("a gap of hours causes no outlier, nor does its end", arguments: [4, 10, 30])
  func gap(_ hours: Int) throws {
    let start = 30 * Self.day + 5 * Self.hour
    let gap = start..<(start + hours * Self.hour)
    let values = Self.signal(days: 33) { gap.contains($0) ? .nan : 0 }
    let found = try Self.outliers(values)
    #expect(!found.contains { (gap.upperBound..<(gap.upperBound + Self.day)).contains($0) })
    // And nothing else that would not be there without it.
    let plain = Set(try Self.outliers(Self.signal(days: 33) { _ in 0 }))
    #expect(found.allSatisfy { plain.contains($0) || $0 >= gap.upperBound + Self.day })
    #expect(Self.alarms(found) <= Self.alarms(plain.sorted()))
  }
}

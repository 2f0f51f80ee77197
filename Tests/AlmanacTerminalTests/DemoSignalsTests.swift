import AlmanacCore
import Testing

@testable import AlmanacTerminal

private let end = Timestamp(nanoseconds: 1_788_264_000_000_000_000)  // Tue 2026-09-01T12:00:00Z

@Suite("Demo signals") struct DemoSignalsTests {
  private let demo = DemoSignals(end: end, seed: 1)

  private func samples(_ metric: String, _ host: String) throws -> Samples {
    try #require(demo.signals.first { $0.metric == metric && $0.host == host }).samples()
  }

  private func mean(_ samples: Samples, _ start: Timestamp, minutes: Int64) -> Double {
    let part = samples.inside(TimeRange(start: start, end: start + .minutes(minutes - 1)))
    return part.values.reduce(0, +) / Double(part.count)
  }

  @Test("the same end and seed give the same bytes, another seed gives others")
  func deterministic() {
    let bodies = { (demo: DemoSignals) in Array(demo.lineProtocol(batchLines: 20_000)) }
    let first = bodies(demo)
    #expect(first == bodies(DemoSignals(end: end + .seconds(59), seed: 1)))
    #expect(first != bodies(DemoSignals(end: end, seed: 2)))
    // FNV-1a of all bytes: they stay the same from version to version.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in first.joined() { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    #expect(hash == 15_214_699_970_502_240_061)
  }

  @Test("there are five weeks of minutes up to the end, less the two gaps")
  func counts() throws {
    let gaps = ["db-1": 180, "web-2": 25]
    for signal in demo.signals {
      let samples = signal.samples()
      #expect(samples.count == 50_400 - gaps[signal.host, default: 0])
      #expect(samples.lastTime == end)
      #expect(samples.firstTime == end - .days(35) + .minutes(1))
      #expect(samples.values.allSatisfy { (0...100).contains($0) })
      #expect(samples.values.allSatisfy { ($0 * 100).rounded() / 100 == $0 })
      #expect(signal.labels.map(\.0) == ["host", "pool", "dc"])
    }
    for gap in demo.gaps {
      let silent = TimeRange(start: gap.start, end: gap.end)
      #expect(try samples("cpu", gap.host).inside(silent).isEmpty)
      #expect(try samples("memory", gap.host).inside(silent).isEmpty)
    }
  }

  @Test("memory of web-1 dips every Sunday from 03:00 to 04:00, in all five weeks")
  func weeklyDip() throws {
    let memory = try samples("memory", "web-1")
    let sunday = try #require(Timestamp(rfc3339: "2026-08-30T03:00:00Z"))
    for week in 0..<5 as Range<Int64> {
      let start = sunday - .days(7 * week)
      let inside = mean(memory, start + .minutes(5), minutes: 50)
      #expect(mean(memory, start - .minutes(60), minutes: 60) - inside > 18)
      #expect(mean(memory, start + .minutes(60), minutes: 60) - inside > 18)
      #expect(mean(memory, start - .days(1) + .minutes(5), minutes: 50) - inside > 18)
    }
  }

  @Test("days are busier than nights, and working days than weekends")
  func rhythm() throws {
    for signal in demo.signals {
      let samples = signal.samples()
      let wednesday = try #require(Timestamp(rfc3339: "2026-08-19T12:00:00Z"))
      let noon = mean(samples, wednesday, minutes: 60)
      #expect(noon - mean(samples, wednesday - .hours(10), minutes: 60) > 4)
      #expect(noon - mean(samples, wednesday + .days(3), minutes: 60) > 1.5)
    }
  }

  @Test("every true outlier lies in the last week and differs from the day before")
  func outliers() throws {
    #expect((5...6).contains(demo.trueOutliers.count))
    for outlier in demo.trueOutliers {
      #expect(outlier.start > end - .days(7))
      #expect(outlier.end < end)
      let samples = try samples(outlier.metric, outlier.host)
      let minutes = (outlier.end.nanoseconds - outlier.start.nanoseconds) / 60_000_000_000 + 1
      let inside = mean(samples, outlier.start, minutes: minutes)
      let before = mean(samples, outlier.start - .minutes(30), minutes: 30)
      #expect(abs(inside - before) > 7, "\(outlier.what)")
    }
  }

  @Test("it works for any moment of a week", arguments: 0..<28 as Range<Int64>)
  func anyEnd(_ shift: Int64) {
    let demo = DemoSignals(end: end + .hours(6 * shift), seed: 3)
    #expect(demo.trueOutliers.allSatisfy { $0.start > demo.end - .days(7) && $0.end < demo.end })
    #expect(demo.gaps.allSatisfy { $0.start > demo.end - .days(34) && $0.end < demo.end })
  }

  @Test("the lines read back to the samples, in order of time")
  func lines() throws {
    var values: [String: [Double]] = [:]
    var last: Int64 = .min
    var count = 0
    let total = 6 * 50_400 - 2 * (180 + 25)
    for body in demo.lineProtocol(batchLines: 7000) {
      let lines = body.split(separator: UInt8(ascii: "\n"))
      #expect(lines.count == min(7000, total - count))
      for line in lines {
        let parts = String(decoding: line, as: UTF8.self).split(separator: " ")
        let time = try #require(Int64(parts[2]))
        #expect(time >= last)
        last = time
        count += 1
        // The whole text is checked for each hour, which is enough and fast.
        if time % 3600 == 0 {
          let value = try #require(Double(parts[1].dropFirst("value=".count)))
          values[String(parts[0]), default: []].append(value)
        }
      }
    }
    #expect(count == total)
    for signal in demo.signals {
      let key = signal.metric + signal.labels.map { ",\($0.0)=\($0.1)" }.joined()
      let samples = signal.samples()
      let hourly = zip(samples.timestamps, samples.values)
        .filter { $0.0 % 3_600_000_000_000 == 0 }.map(\.1)
      #expect(values[key] == hourly)
    }
  }
}

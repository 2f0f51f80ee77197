public import AlmanacCore
internal import AlmanacIngest

/// Bodies of writes in line protocol, the same in every run.
public struct LineBody: Sendable {
  /// Fields of each line.
  public enum Fields: Sendable {
    /// One field with two decimals.
    case oneGauge
    /// Ten fields with whole numbers, as the cpu load of the Time Series Benchmark Suite.
    case tenIntegers

    /// How many there are.
    public var count: Int { self == .oneGauge ? 1 : 10 }
  }

  private static let names = [
    "usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq",
    "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice",
  ]

  /// The text.
  public let bytes: [UInt8]
  /// How many lines it has.
  public let lines: Int
  /// How many points it has.
  public let points: Int

  /// `lines` lines, one host after the other, then the next moment ten seconds later.
  ///
  /// - Parameter first: the number of the first line: bodies of one load go on from each other.
  public init(_ fields: Fields, hosts: Int, lines: Int, first: Int = 0) {
    var random = SeededGenerator(seed: UInt64(first) &+ 1)
    var text = ""
    for line in first..<first + lines {
      let host = line % hosts
      let time = Signal.start.nanoseconds + Int64(line / hosts) * 10_000_000_000
      switch fields {
      case .oneGauge:
        let value = Double(Int.random(in: 0..<10_000, using: &random)) / 100
        text += "temperature,host=host_\(host),region=eu-west-\(host % 9) value=\(value) \(time)\n"
      case .tenIntegers:
        let values = Self.names.map { "\($0)=\(Int.random(in: 0...100, using: &random))i" }
        text += "cpu,hostname=host_\(host),region=eu-west-\(host % 9),service=\(host % 20)"
        text += " \(values.joined(separator: ",")) \(time)\n"
      }
    }
    bytes = Array(text.utf8)
    self.lines = lines
    points = lines * fields.count
  }

  /// The points of the body, as the store takes them.
  public var parsed: Points {
    let batch = LineProtocol(precision: .nanoseconds, now: Signal.start, database: nil).parse(bytes)
    precondition(batch.rejectedLines == 0 && batch.values.count == points, "a line was refused")
    return Points(
      keyBytes: batch.keyBytes, keyEnds: batch.keyEnds, series: batch.series,
      timestamps: batch.timestamps, values: batch.values)
  }
}

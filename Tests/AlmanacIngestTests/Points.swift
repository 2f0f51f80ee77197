import AlmanacCore
import AlmanacIngest

/// One point of a batch, to compare.
struct Point: Equatable, CustomStringConvertible {
  var key: [UInt8]
  var time: Int64
  var bits: UInt64

  init(key: [UInt8], time: Int64, value: Double) {
    self.key = key
    self.time = time
    bits = value.bitPattern
  }

  /// `cpu_user<host=a> 1.5 9`.
  var description: String {
    let name = SeriesKey(encoded: key)?.description ?? "\(key)"
    return "\(name) \(Double(bitPattern: bits).shortestText) \(time)"
  }
}

extension Batch {
  /// All points in order of lines.
  var points: [Point] {
    series.indices.map {
      Point(key: Array(key(Int(series[$0]))), time: timestamps[$0], value: values[$0])
    }
  }
}

/// The time of points without one in these tests.
let testNow: Int64 = 1_767_225_600_000_000_000

func parse(_ text: String, precision: Precision = .nanoseconds, database: String? = nil) -> Batch {
  LineProtocol(precision: precision, now: Timestamp(nanoseconds: testNow), database: database)
    .parse(Array(text.utf8))
}

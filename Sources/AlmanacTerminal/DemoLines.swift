extension DemoSignals {
  /// The signals as line protocol, `batchLines` lines a body, in order of time.
  ///
  /// Times are in seconds: write it with `precision=s`. All signals together are about 20 MB of
  /// text, made body by body.
  public func lineProtocol(batchLines: Int) -> some Sequence<[UInt8]> {
    DemoLines(signals: signals, batchLines: max(1, batchLines))
  }
}

/// Bodies of line protocol, merged from signals in order of time.
struct DemoLines: Sequence, IteratorProtocol {
  private struct Column {
    var prefix: [UInt8]
    var times: [Int64] = []
    var hundredths: [Int] = []
    var position = 0

    var nextTime: Int64? { position < times.count ? times[position] : nil }
  }

  private var columns: [Column]
  private let batchLines: Int

  init(signals: [DemoSignals.Signal], batchLines: Int) {
    self.batchLines = batchLines
    columns = signals.map { signal in
      let tags = signal.labels.map { ",\($0.0)=\($0.1)" }.joined()
      var column = Column(prefix: Array((signal.metric + tags + " value=").utf8))
      column.times.reserveCapacity(DemoSignals.minutes)
      column.hundredths.reserveCapacity(DemoSignals.minutes)
      signal.forEachHundredth { time, hundredths in
        column.times.append(time)
        column.hundredths.append(hundredths)
      }
      return column
    }
  }

  mutating func next() -> [UInt8]? {
    var body: [UInt8] = []
    body.reserveCapacity(Swift.min(batchLines, 100_000) * 64)
    for _ in 0..<batchLines {
      var first: (index: Int, time: Int64)?
      for index in columns.indices {
        guard let time = columns[index].nextTime else { continue }
        if first.map({ time < $0.time }) ?? true { first = (index, time) }
      }
      guard let first else { break }
      append(columns[first.index], to: &body)
      columns[first.index].position += 1
    }
    return body.isEmpty ? nil : body
  }

  private func append(_ column: Column, to body: inout [UInt8]) {
    let hundredths = column.hundredths[column.position]
    body += column.prefix
    body += String(hundredths / 100).utf8
    body.append(UInt8(ascii: "."))
    body.append(UInt8(ascii: "0") + UInt8(hundredths / 10 % 10))
    body.append(UInt8(ascii: "0") + UInt8(hundredths % 10))
    body.append(UInt8(ascii: " "))
    body += String(column.times[column.position] / 1_000_000_000).utf8
    body.append(UInt8(ascii: "\n"))
  }
}

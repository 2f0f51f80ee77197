import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacQuery
@testable import AlmanacServer

@Suite struct PrometheusTextTests {
  /// Numbers of samples about the size of a piece, and small ones.
  static let counts = [0, 1, 2, 300, 8_183, 8_184, 8_185, 8_191, 8_192, 8_193, 16_384, 20_000]

  @Test("pieces that are written one by one fit together", arguments: 0..<24 as Range<UInt64>)
  func pieces(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let isVector = seed % 3 == 0
    let isManySmall = seed % 3 == 1
    let series = (0..<(isManySmall ? 3_000 : Int.random(in: 0..<9, using: &random))).map { index in
      let count = isManySmall || isVector ? 1 : Self.counts.randomElement(using: &random) ?? 0
      let times = (0..<Int64(count)).map { $0 * 1_000_000_000 }
      return LabelledSamples(
        key: SeriesKey(metric: "m", labels: Labels([("n", "\(index)")])),
        samples: Samples(timestamps: times, values: times.map { _ in Double(random.next() % 100) }))
    }
    var time = QueryTime(time: Timestamp(nanoseconds: 5_000_000_000))
    if !isVector { time.range = TimeRange(start: Timestamp(nanoseconds: 0), end: time.time) }
    let result = QueryResult(
      value: .series(series), shape: .vector, time: time, warnings: ["w"],
      cost: QueryCost(), held: HeldBytes(QueryBudget(Query.Limits())))
    let text = try PrometheusText(result)
    var expected = "{\"status\":\"success\",\"data\":{\"resultType\":\""
    expected += (isVector ? "vector" : "matrix") + "\",\"result\":["
    expected += series.map { one in
      let samples = zip(one.samples.timestamps, one.samples.values).map { time, value in
        "[\(isVector ? 5 : time / 1_000_000_000),\"\(Int(value))\"]"
      }
      let values =
        isVector ? "value\":\(samples[0])" : "values\":[\(samples.joined(separator: ","))]"
      return "{\"metric\":{\"__name__\":\"m\",\"n\":\"\(one.key.labels["n"] ?? "")\"},\"\(values)}"
    }.joined(separator: ",")
    expected += "]},\"warnings\":[\"w\"]}"
    let bytes = (0..<text.pieceCount).flatMap { text.piece($0) }
    #expect(String(decoding: bytes, as: UTF8.self) == expected, "seed \(seed)")
    #expect(text.pieceCount > 1 || text.sampleCount <= 8_192)
  }
}

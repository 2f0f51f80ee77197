import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacServer

@Suite struct DecimalTextTests {
  static func text(_ value: Double) -> String {
    var bytes = Array("=".utf8)
    bytes.append(shortest: value)
    return String(decoding: bytes.dropFirst(), as: UTF8.self)
  }

  static let scales: [Double] = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]
  static let sizes: [Double] = [9, 1e3, 1e6, 1e9, 1e13]

  static let numbers: [Double] = [
    0, -0.0, 1, -1, 0.1, 0.3, 0.1 + 0.2, 61.5, 99.99, 1e-4, 9.9e-5, 1e-5, 1e-300,
    0.001, 0.0012345, 123_456.789, 1e8, 99_999_999, 100_000_001, 1e14, 999_999_999_999_999,
    1e15, 1e16, 1e17, 1e22, 1e300, 9_007_199_254_740_992, 0x1p52, 0x1p53, 4_503_599_627_370_495.5,
    .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .pi,
    1.0000000000000002, 123_456_789.012_345, 999_999_999.999_999,
  ]

  @Test(
    "numbers of every size print as the shortest decimal",
    arguments: numbers)
  func shortest(value: Double) {
    #expect(Self.text(value) == value.shortestText)
    #expect(Self.text(-value) == (-value).shortestText)
  }

  @Test("random numbers print as Swift prints them", arguments: UInt64(1)...4)
  func random(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let scale = Self.scales.randomElement(using: &random) ?? 1
      let size = Self.sizes.randomElement(using: &random) ?? 1
      let short = (Double.random(in: -size...size, using: &random) * scale).rounded() / scale
      #expect(Self.text(short) == short.shortestText)
      // The neighbour of a short number is none.
      #expect(Self.text(short.nextUp) == short.nextUp.shortestText)
      let any = Double(bitPattern: random.next())
      #expect(Self.text(any) == any.shortestText)
    }
  }

  @Test(
    "whole numbers print as they are",
    arguments: [0, 9, 10, 99_999_999, 100_000_000, 1_234_567_890_123, .max, .min, -1])
  func whole(value: Int) {
    var bytes: [UInt8] = []
    bytes.append(decimal: value)
    #expect(String(decoding: bytes, as: UTF8.self) == "\(value)")
  }

  static let timeCases: [(time: Int64, expected: String)] = [
    (0, "0"), (1_788_221_340_000_000_000, "1788221340"),
    (1_788_221_340_250_000_000, "1788221340.250"), (1_788_221_340_007_999_999, "1788221340.007"),
    (-1_500_000_000, "-1.500"), (.max, "9223372036.854"), (.min, "-9223372036.854"),
    (999_999_999_000_000_000, "999999999"), (1_000_000_000_000_000_000, "1000000000"),
  ]

  @Test(
    "times print as seconds with milliseconds",
    arguments: timeCases)
  func seconds(time: Int64, expected: String) {
    var json = JSONText()
    json.seconds(time)
    #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
    json = JSONText()
    json.samples([time], [1.5], 0..<1)
    #expect(String(decoding: json.bytes, as: UTF8.self) == "[\(expected),\"1.5\"]")
    json = JSONText()
    json.sample(time: time, value: .nan)
    #expect(String(decoding: json.bytes, as: UTF8.self) == "[\(expected),\"NaN\"]")
  }

  @Test("samples follow each other with commas, across blocks of seconds and pieces")
  func samples() {
    let times = (0..<30_000).map { 1_788_219_990_000_000_000 + Int64($0) * 500_000_000 }
    let values = times.indices.map { Double($0) / 4 }
    var json = JSONText()
    json.samples(times, values, 0..<10_000)
    json.samples(times, values, 10_000..<30_000)
    let expected = zip(times, values).map { time, value in
      let part = time % 1_000_000_000 == 0 ? "" : ".500"
      return "[\(time / 1_000_000_000)\(part),\"\(value.shortestText)\"]"
    }
    #expect(String(decoding: json.bytes, as: UTF8.self) == expected.joined(separator: ","))
  }
}

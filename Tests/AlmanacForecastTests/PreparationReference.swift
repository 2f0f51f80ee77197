import Foundation
import Glibc

/// The figures of `Fixtures/preparation.json`; `preparation_reference.py` there says how they were
/// made.
struct PreparationReference: Decodable {
  struct STLCase: Decodable {
    let series: String
    let count, period, window, every: Int
    let robust: Bool
    let trend, seasonal, weights: [Double]
  }
  struct MSTLCase: Decodable {
    let count, every: Int
    let periods: [Int]
    let robust: Bool
    let trend, residual: [Double]
    let seasonal: [[Double]]
  }
  struct SplineCase: Decodable {
    let values: [Double?]
    let filled: [Double]
  }
  struct CleanCase: Decodable {
    let k: Double
    let removed: [Int]
  }

  let stl: [STLCase]
  let mstl: [MSTLCase]
  let spline: [SplineCase]
  let clean: [CleanCase]
  let acf, line: [Double]

  static func load() throws -> PreparationReference {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/preparation.json"))
    return try JSONDecoder().decode(PreparationReference.self, from: data)
  }

  /// The series that the script calls so.
  static func series(_ name: String, _ count: Int) -> [Double] {
    var values = Series.reference(count)
    if name == "spiked" { for index in stride(from: 5, to: count, by: 41) { values[index] += 60 } }
    return values
  }

  static func hourly(_ count: Int) -> [Double] {
    var noise = Noise(seed: 3)
    return (0..<count).map { index in
      let time = 2 * Double.pi * Double(index)
      return 30 + 0.01 * Double(index) + 8 * sin(time / 24) + 5 * sin(time / 168)
        + 2 * noise.next()
    }
  }
}

/// The largest distance between `wanted` and every so many of `found`; infinite where there are
/// not as many.
func distance(_ found: [Double], every: Int = 1, _ wanted: [Double]) -> Double {
  let found = stride(from: 0, to: found.count, by: every).map { found[$0] }
  guard found.count == wanted.count else { return .infinity }
  return zip(found, wanted).map { abs($0 - $1) }.reduce(0) { $1 <= $0 ? $0 : $1 }
}

internal import Glibc

/// The discrete Fourier transform of a length that is a power of two (Cooley and Tukey, 1965).
struct Fourier {
  let count: Int
  /// exp(-2 pi i k / count) for the first half of all k.
  private let cosines: [Double]
  private let sines: [Double]

  /// The transform of the smallest power of two that is at least `count`.
  init(atLeast count: Int) {
    var size = 1
    while size < count { size *= 2 }
    self.count = size
    let angle = 2 * Double.pi / Double(size)
    cosines = (0..<max(size / 2, 1)).map { cos(angle * Double($0)) }
    sines = (0..<max(size / 2, 1)).map { -sin(angle * Double($0)) }
  }

  /// Transforms in place; (count) each.
  func transform(_ real: inout [Double], _ imaginary: inout [Double]) {
    swapByReversedBits(&real, &imaginary)
    var length = 2
    while length <= count {
      let half = length / 2
      let stride = count / length
      for start in Swift.stride(from: 0, to: count, by: length) {
        for place in 0..<half {
          let (c, s) = (cosines[place * stride], sines[place * stride])
          let (low, high) = (start + place, start + place + half)
          let re = real[high] * c - imaginary[high] * s
          let im = real[high] * s + imaginary[high] * c
          real[high] = real[low] - re
          imaginary[high] = imaginary[low] - im
          real[low] += re
          imaginary[low] += im
        }
      }
      length *= 2
    }
  }

  private func swapByReversedBits(_ real: inout [Double], _ imaginary: inout [Double]) {
    var other = 0
    for index in 1..<max(count, 1) {
      var bit = count / 2
      while other & bit != 0 {
        other ^= bit
        bit /= 2
      }
      other |= bit
      guard index < other else { continue }
      real.swapAt(index, other)
      imaginary.swapAt(index, other)
    }
  }

  /// The squared magnitudes of the transform of `values`, padded with zeros; (count).
  func power(_ values: [Double]) -> [Double] {
    var real = values + [Double](repeating: 0, count: count - values.count)
    var imaginary = [Double](repeating: 0, count: count)
    transform(&real, &imaginary)
    for index in real.indices {
      real[index] = real[index] * real[index] + imaginary[index] * imaginary[index]
    }
    return real
  }

  /// The mean product of `values` with themselves `lag` later, for each lag below `lags`, over that
  /// of lag 0 (Wiener and Khinchin).
  ///
  /// - Precondition: `count` is at least twice as many as the values.
  func autocorrelation(_ values: [Double], lags: Int) -> [Double] {
    precondition(count >= 2 * values.count, "BUG: the series would run into itself")
    var real = power(values)
    var imaginary = [Double](repeating: 0, count: count)
    transform(&real, &imaginary)
    let first = real[0] / Double(values.count)
    guard first > 0 else { return [Double](repeating: 0, count: lags) }
    return (0..<lags).map { real[$0] / Double(values.count - $0) / first }
  }
}

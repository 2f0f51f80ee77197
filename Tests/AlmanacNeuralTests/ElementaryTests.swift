import CKernels
import Foundation
import Testing

@Suite("Elementary kernels")
struct ElementaryTests {
  typealias Kernel = @Sendable (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void

  static let kernels: [Kernel] = [almanac_exp_f32, almanac_tanh_f32, almanac_sigmoid_f32]

  /// Dense near 0, over all sizes, and beyond where the results end.
  static let arguments: [Float] =
    (-4000...4000).map { Float($0) * 0.025 } + (-3000...3000).map { Float($0) * 0.0011 }
    + (-120...0).flatMap { [Float(sign: .plus, exponent: $0, significand: 1.37)] }
    + (-120...0).flatMap { [Float(sign: .minus, exponent: $0, significand: 1.91)] }

  func apply(_ kernel: @escaping Kernel, _ from: [Float]) -> [Float] {
    var to = [Float](repeating: .nan, count: from.count)
    kernel(from, &to, from.count)
    return to
  }

  /// Largest relative error where the wanted result is a normal float.
  func relativeError(_ found: [Float], _ wanted: (Double) -> Double) -> Double {
    zip(Self.arguments, found).map { argument, value in
      let exact = wanted(Double(argument))
      guard abs(exact) >= Double(Float.leastNormalMagnitude),
        abs(exact) <= Double(Float.greatestFiniteMagnitude)
      else { return 0 }
      return abs(Double(value) - exact) / abs(exact)
    }.reduce(0) { $1 <= $0 ? $0 : $1 }
  }

  @Test("exp agrees with libm to 2e-7")
  func exponential() {
    let found = apply(almanac_exp_f32, Self.arguments)
    #expect(relativeError(found, { exp($0) }) < 2e-7)
    #expect(
      apply(almanac_exp_f32, [0, 89, 1000, .infinity]) == [1, .infinity, .infinity, .infinity])
    #expect(apply(almanac_exp_f32, [-200, -.infinity]) == [0, 0])
  }

  @Test("tanh agrees with libm to 4e-7, also near zero")
  func tangent() {
    let found = apply(almanac_tanh_f32, Self.arguments)
    #expect(relativeError(found, { tanh($0) }) < 4e-7)
    #expect(apply(almanac_tanh_f32, [0, .infinity, -.infinity]) == [0, 1, -1])
    #expect(found.allSatisfy { abs($0) <= 1 })
  }

  @Test("sigmoid agrees with libm to 3e-7")
  func logistic() {
    let found = apply(almanac_sigmoid_f32, Self.arguments.map { min(max($0, -80), 80) })
    #expect(relativeError(found, { 1 / (1 + exp(-min(max($0, -80), 80))) }) < 3e-7)
    #expect(apply(almanac_sigmoid_f32, [0, 100]) == [0.5, 1])
  }

  @Test("a NaN stays a NaN")
  func notANumber() {
    for kernel in Self.kernels {
      #expect(apply(kernel, [.nan, 0]).first?.isNaN == true)
    }
  }

  @Test("a result does not depend on its place in the array")
  func places() {
    for kernel in Self.kernels {
      let whole = apply(kernel, Array(Self.arguments.prefix(67)))
      for count in 1..<67 {
        #expect(apply(kernel, Array(Self.arguments.prefix(count))) == Array(whole.prefix(count)))
      }
    }
  }
}

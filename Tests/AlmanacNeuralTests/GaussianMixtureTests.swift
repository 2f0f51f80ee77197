import Testing

@testable import AlmanacNeural

@Suite("Gaussian mixture")
struct GaussianMixtureTests {
  func fit(
    _ rows: [Double], dimensions: Int = 2, components: ClosedRange<Int> = 1...5, seed: UInt64 = 0,
    iterations: Int = 500, tolerance: Double = 1e-10, floor: Double = 1e-4
  ) throws(NeuralError) -> GaussianMixture {
    try GaussianMixture.fit(
      rows, dimensions: dimensions, components: components, seed: seed, iterations: iterations,
      tolerance: tolerance, floor: floor)
  }

  func code(_ body: () throws(NeuralError) -> GaussianMixture) -> NeuralError.Code? {
    do throws(NeuralError) {
      _ = try body()
      return nil
    } catch {
      return error.code
    }
  }

  /// The same mixture with the heaviest component first.
  func sorted(_ mixture: GaussianMixture) throws -> GaussianMixture {
    let d = mixture.dimensions
    let order = mixture.weights.indices.sorted { mixture.weights[$0] > mixture.weights[$1] }
    return try GaussianMixture(
      dimensions: d, weights: order.map { mixture.weights[$0] },
      means: order.flatMap { mixture.means[$0 * d..<($0 + 1) * d] },
      covariances: order.flatMap { mixture.covariances[$0 * d * d..<($0 + 1) * d * d] })
  }

  @Test("expectation-maximisation finds scikit-learn's optimum, from any seed", arguments: 0..<3)
  func reference(_ seed: Int) throws {
    let wanted = try Reference.load().mixture
    let found = try sorted(
      fit(wanted.rows, components: 3...3, seed: UInt64(seed), floor: wanted.floor))
    expectClose(found.weights, wanted.weights, tolerance: 1e-5, "weights")
    expectClose(found.means, wanted.means, tolerance: 1e-5, "means")
    expectClose(found.covariances, wanted.covariances, tolerance: 1e-5, "covariances")
    expectClose(
      found.logLikelihood(wanted.rows), wanted.logLikelihood, tolerance: 1e-5, "likelihoods")
    #expect(found.mostLikelyComponent(wanted.rows) == wanted.components)
    expectClose([found.bic(wanted.rows)], [wanted.bics[2]], tolerance: 1e-8, "BIC")
  }

  @Test("the criterion agrees with scikit-learn's and picks the planted number")
  func picksPlanted() throws {
    let wanted = try Reference.load().mixture
    let one = try fit(wanted.rows, components: 1...1, floor: wanted.floor)
    expectClose([one.bic(wanted.rows)], [wanted.bics[0]], tolerance: 1e-9)
    #expect(try fit(wanted.rows, floor: wanted.floor).weights.count == 3)
  }

  @Test("the criterion picks one component for one cluster", arguments: 0..<3)
  func picksOne(_ seed: Int) throws {
    var random = RandomSource(seed: UInt64(seed))
    let rows = (0..<600).map { _ in random.normal() }
    #expect(try fit(rows, components: 1...3, tolerance: 1e-6).weights.count == 1)
  }

  @Test("the same seed gives the same mixture")
  func seeds() throws {
    let rows = try Reference.load().mixture.rows
    #expect(try fit(rows, components: 2...3) == fit(rows, components: 2...3))
  }

  @Test("scores are finite far from every component, and a stored mixture scores alike")
  func farAway() throws {
    let rows = try Reference.load().mixture.rows
    let mixture = try fit(rows, components: 3...3)
    let far = mixture.logLikelihood([1e6, -1e6])
    #expect(far[0].isFinite && far[0] < -1e6)
    #expect(mixture.logLikelihood([.nan, 0])[0].isNaN)
    let copy = try GaussianMixture(
      dimensions: 2, weights: mixture.weights, means: mixture.means,
      covariances: mixture.covariances)
    #expect(copy == mixture)
    #expect(copy.logLikelihood(rows) == mixture.logLikelihood(rows))
  }

  @Test("constant, repeated and few rows give a mixture, not a crash", arguments: 1...4)
  func degenerate(_ components: Int) throws {
    let constant = [Double](repeating: 7, count: 40)
    let line = (0..<40).flatMap { [Double($0), 2 * Double($0)] }
    let huge = (0..<40).map { 1e12 + Double($0 % 3) }
    for (rows, dimensions) in [(constant, 2), (line, 2), (huge, 1), ([1, 2, 3, 4], 1)] {
      for floor in [0, 1e-3] {
        let mixture = try fit(
          rows, dimensions: dimensions, components: 1...components, iterations: 50, floor: floor)
        #expect(mixture.logLikelihood(rows).allSatisfy { $0.isFinite })
      }
    }
  }

  @Test("rows that cannot be fitted are errors")
  func badRows() {
    #expect(code { () throws(NeuralError) in try fit([1, 2, 3]) } == .invalidArgument)
    #expect(code { () throws(NeuralError) in try fit([]) } == .tooShort)
    #expect(code { () throws(NeuralError) in try fit([1, 2]) } == .tooShort)
    #expect(
      code { () throws(NeuralError) in try fit([1, 2, 3, 4], components: 3...3) } == .tooShort)
    #expect(code { () throws(NeuralError) in try fit([1, 2, .nan, 4]) } == .nonFinite)
    #expect(
      code { () throws(NeuralError) in try fit([1, 2, 3, 4], components: 0...3) }
        == .invalidArgument)
    #expect(
      code { () throws(NeuralError) in try fit([1, 2, 3, 4], iterations: 0) } == .invalidArgument)
    #expect(code { () throws(NeuralError) in try fit([-1e300, 2, 1e300, 4]) } == .nonFinite)
  }

  @Test("stored numbers that are no mixture are errors")
  func badMixtures() {
    func make(
      _ weights: [Double], _ means: [Double], _ covariances: [Double], dimensions: Int = 1
    ) -> NeuralError.Code? {
      code { () throws(NeuralError) in
        try GaussianMixture(
          dimensions: dimensions, weights: weights, means: means, covariances: covariances)
      }
    }
    #expect(make([1], [0], [1]) == nil)
    #expect(make([0.5, 0.5], [0], [1]) == .invalidArgument)
    #expect(make([], [], []) == .invalidArgument)
    #expect(make([0.5], [0], [1]) == .invalidArgument)
    #expect(make([1.5, -0.5], [0, 0], [1, 1]) == .invalidArgument)
    #expect(make([1], [.nan], [1]) == .nonFinite)
    #expect(make([1], [0], [0]) == .notPositiveDefinite)
    #expect(make([1], [0, 0], [1, 2, 2, 1], dimensions: 2) == .notPositiveDefinite)
    #expect(make([1], [0, 0], [1, 0.5, 0, 1], dimensions: 2) == .notPositiveDefinite)
  }
}

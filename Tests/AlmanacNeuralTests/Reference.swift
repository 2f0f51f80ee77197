import Foundation
import Testing

/// The figures of `Fixtures/reference.json`; `Fixtures/make_reference.py` says how they were made.
struct Reference: Decodable {
  struct GRUCase: Decodable {
    let hidden, batch, steps: Int
    let weights, inputs, start, lastGradient: [Double]
    let states, gradients, inputGradient, startGradient: [Double]
  }
  struct Seq2SeqCase: Decodable {
    let hidden, window, steps: Int
    let beta, loss: Double
    let weights, windows, wanted, predicted, gradients: [Double]
  }
  struct AdamCase: Decodable {
    let steps: Int
    let peak, decay: Double
    let start, gradients, rates, betas, end: [Double]
  }
  struct MixtureCase: Decodable {
    let dimensions: Int
    let floor: Double
    let rows, bics, weights, means, covariances, logLikelihood: [Double]
    let components: [Int]
  }

  let gru: GRUCase
  let seq2seq: Seq2SeqCase
  let adam: AdamCase
  let mixture: MixtureCase

  static func load() throws -> Reference {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Fixtures/reference.json"))
    return try JSONDecoder().decode(Reference.self, from: data)
  }
}

/// Every error must be below `tolerance` times the largest figure wanted.
func expectClose<T: BinaryFloatingPoint, U: BinaryFloatingPoint>(
  _ found: [T], _ wanted: [U], tolerance: Double, _ what: Comment = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(found.count == wanted.count, what, sourceLocation: sourceLocation)
  let size = wanted.map { abs(Double($0)) }.max() ?? 0
  let error = zip(found, wanted).map { abs(Double($0) - Double($1)) }.reduce(0) {
    $1 <= $0 ? $0 : $1
  }
  #expect(
    error <= tolerance * max(size, 1e-30),
    "\(what) error \(error) with figures up to \(size)", sourceLocation: sourceLocation)
}

func floats(_ values: [Double]) -> [Float] { values.map { Float($0) } }

import Foundation
import Testing

@testable import AlmanacNeural

@Suite("Trainer")
struct TrainerTests {
  static let sine = (0..<600).map { Float(sin(Double($0) * 2 * .pi / 24)) }

  static func options(steps: Int = 10, batch: Int = 22) -> TrainingOptions {
    var options = TrainingOptions()
    options.window = 12
    options.decoderSteps = 4
    options.steps = steps
    options.batch = batch
    return options
  }

  func train(
    _ network: inout Seq2Seq, _ options: TrainingOptions, on series: [Float] = sine
  ) throws(NeuralError) -> Float {
    try Trainer(options: options).train(&network, on: [series]) { _ in true }
  }

  func failure(_ options: TrainingOptions, on series: [Float] = sine) -> NeuralError.Code? {
    do throws(NeuralError) {
      var network = Seq2Seq(hidden: 3, seed: 0)
      _ = try train(&network, options, on: series)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("the loss falls on a sine, and the roll-out follows it")
  func learnsASine() throws {
    var network = Seq2Seq(hidden: 12, seed: 1)
    var first: Float?
    var options = Self.options(steps: 150, batch: 32)
    options.learningRate = 2e-2
    let last = try Trainer(options: options).train(&network, on: [Self.sine]) { progress in
      if first == nil { first = progress.loss }
      return true
    }
    let start = try #require(first)
    #expect(last < start / 10)
    let future = network.rollOut(
      windows: Array(Self.sine[100..<112]), window: 12, steps: 8)
    // Twice as far as it was trained; the sine's mean size is 0.64.
    let errors = zip(future, Self.sine[112..<120]).map { abs($0 - $1) }
    #expect(errors.reduce(0, +) / 8 < 0.15)
  }

  @Test("one thread and more give the same weights to the last bit", arguments: [2, 3, 8])
  func threads(_ threads: Int) throws {
    var alone = Seq2Seq(hidden: 9, seed: 1)
    var together = alone
    var options = Self.options()
    options.threads = 1
    let first = try train(&alone, options)
    options.threads = threads
    let second = try train(&together, options)
    #expect(alone.weights == together.weights)
    #expect(first == second)
  }

  @Test("the same seed gives the same weights, another seed others")
  func seeds() throws {
    var networks = [Seq2Seq](repeating: Seq2Seq(hidden: 5, seed: 1), count: 3)
    var options = Self.options(steps: 3)
    _ = try train(&networks[0], options)
    _ = try train(&networks[1], options)
    options.seed = 1
    _ = try train(&networks[2], options)
    #expect(networks[0].weights == networks[1].weights)
    #expect(networks[0].weights != networks[2].weights)
  }

  @Test("a batch smaller than the number of shards trains", arguments: 1...5)
  func smallBatches(_ batch: Int) throws {
    var network = Seq2Seq(hidden: 3, seed: 1)
    #expect(try train(&network, Self.options(steps: 2, batch: batch)).isFinite)
  }

  @Test("cancelling throws and leaves the network as it was")
  func cancels() {
    var network = Seq2Seq(hidden: 3, seed: 1)
    let before = network.weights
    var steps: [Int] = []
    #expect(throws: NeuralError.cancelled) {
      try Trainer(options: Self.options()).train(&network, on: [Self.sine]) { progress in
        steps.append(progress.step)
        return progress.step < 4
      }
    }
    #expect(steps == [1, 2, 3, 4])
    #expect(network.weights == before)
  }

  @Test("numbers that are not finite are an error", arguments: [Float.nan, .infinity])
  func nonFinite(_ value: Float) throws {
    var series = Self.sine
    series[300] = value
    #expect(failure(Self.options(), on: series) == .nonFinite)
    var network = Seq2Seq(hidden: 3, seed: 0)
    network.weights[0] = value
    #expect(throws: NeuralError.self) { _ = try train(&network, Self.options()) }
  }

  @Test("a series of exactly one window trains, a shorter one is an error")
  func shortSeries() {
    #expect(failure(Self.options(), on: Array(Self.sine.prefix(16))) == nil)
    #expect(failure(Self.options(), on: Array(Self.sine.prefix(15))) == .tooShort)
    #expect(failure(Self.options(), on: []) == .tooShort)
  }

  @Test("options out of range are an error", arguments: 0..<12)
  func badOptions(_ index: Int) {
    var options = Self.options()
    switch index {
    case 0: options.window = 0
    case 1: options.decoderSteps = 0
    case 2: options.steps = 0
    case 3: options.batch = 0
    case 4: options.learningRate = .nan
    case 5: options.weightDecay = -1
    case 6: options.clipNorm = 0
    case 7: options.huberBeta = 0
    case 8: options.anchor = 0
    case 9: options.threads = 0
    case 10: (options.window, options.batch) = (100_000, 65536)
    default: options.window = .max
    }
    #expect(failure(options) == .invalidArgument)
  }

  @Test("anchored training does not see a constant added to the series")
  func anchored() throws {
    var options = Self.options(steps: 5)
    options.anchor = 24
    // Quarters add to 1024 without rounding.
    let series = (0..<200).map { Float(($0 * 7) % 9) / 4 }
    var low = Seq2Seq(hidden: 4, seed: 1)
    var high = low
    _ = try train(&low, options, on: series)
    _ = try train(&high, options, on: series.map { $0 + 1024 })
    expectClose(high.weights, low.weights, tolerance: 1e-3)
  }

  @Test("levels are means of what came before, as far as there is any")
  func levels() {
    #expect(Trainer.levels(of: [1, 3, 5, 9], over: 2) == [1, 2, 4, 7])
    #expect(Trainer.levels(of: [1, 3, 5], over: 100) == [1, 2, 3])
    #expect(Trainer.levels(of: [], over: 3).isEmpty)
  }

  @Test("anchored windows are taken from their level and held within the limit")
  func gathered() {
    let shard = Shard(hidden: 1, batch: 1, window: 2, steps: 1)
    shard.starts = [1]
    shard.gather(Storage([9, 1, 3, 50]), levels: [9, 5, 2, 20], limit: 5)
    #expect(shard.inputs.storage.array == [-1, 1])
    #expect(shard.wanted.storage.array == [5])
    shard.gather(Storage([9, 1, 3, 50]), levels: nil, limit: 5)
    #expect(shard.wanted.storage.array == [50])
  }

  @Test("windows begin everywhere in each series, and reach from none into the next")
  func windowStarts() {
    let starts = WindowStarts(lengths: [5, 3, 7], windowLength: 3)
    #expect((0..<starts.count).map { starts[$0] } == [0, 1, 2, 5, 8, 9, 10, 11, 12])
  }

  @Test("many series train as one does, each seen")
  func manySeries() throws {
    let constant = { (level: Float) in [Float](repeating: level, count: 64) }
    var network = Seq2Seq(hidden: 8, seed: 1)
    var options = Self.options()
    options.steps = 300
    let loss = try Trainer(options: options)
      .train(&network, on: [constant(-1), constant(0.5), constant(1)]) { _ in true }
    #expect(loss < 0.05)
    for level in [-1, 0.5, 1] as [Float] {
      let ahead = network.rollOut(
        windows: [Float](repeating: level, count: options.window), window: options.window, steps: 3)
      #expect(ahead.allSatisfy { abs($0 - level) < 0.4 }, "\(level): \(ahead)")
    }
  }
}

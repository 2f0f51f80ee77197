internal import AlmanacNeural

/// The two parts of a network's training: before the hold-out, and then with it.
struct Course {
  /// One of them.
  struct Part {
    /// Steps that the encoder reads.
    var window: Int
    /// Steps of the optimiser.
    var steps: Int
    /// The highest learning rate.
    var peak: Float
    /// Chooses the windows.
    var seed: UInt64
    /// Steps of the optimiser before this part, and in the whole course.
    var before: Int
    var all: Int

    /// How far the course is when this part is as far as `progress` says.
    func progress(_ progress: TrainingProgress) -> TrainingProgress {
      TrainingProgress(step: before + progress.step, steps: all, loss: progress.loss)
    }
  }

  let first: Part
  let second: Part

  /// Optimiser steps where the options leave them open, for the usual window.
  private static let usualSteps = 300

  /// - Parameters:
  ///   - count: steps of history before the hold-out, of all series together.
  ///   - members: how many series there are.
  init(_ options: ForecastOptions, count: Int, window: Int, members: Int = 1) {
    let steps = Self.steps(options, count: count, window: window, members: members)
    let more = max(30, steps / 4)
    first = Part(
      window: window, steps: steps, peak: 4e-3, seed: options.seed, before: 0, all: steps + more)
    second = Part(
      window: window, steps: more, peak: 1.5e-3, seed: options.seed &+ 1, before: steps,
      all: steps + more)
  }

  private static func steps(
    _ options: ForecastOptions, count: Int, window: Int, members: Int
  ) -> Int {
    guard let epochs = options.epochs else {
      // A longer window costs more a step: keep the whole about the same. Many series have more
      // to say than one, though not each something new.
      let cost =
        Double(60 + NetworkForecaster.decoderSteps)
        / Double(window + NetworkForecaster.decoderSteps)
      let more = min(4, Double(members).squareRoot())
      return max(100, Int(Double(usualSteps) * min(1, cost) * more))
    }
    let windows = max(1, count - members * (window + NetworkForecaster.decoderSteps - 1))
    return max(1, min(100_000, epochs * max(1, windows / options.batch)))
  }
}

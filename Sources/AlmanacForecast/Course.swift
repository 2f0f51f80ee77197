internal import AlmanacNeural

/// The two parts of a network's training: before the hold-out, and then with it.
struct Course {
  let first: NetworkForecaster.Course
  let second: NetworkForecaster.Course

  /// Optimiser steps where the options leave them open, for the usual window.
  private static let usualSteps = 300

  /// - Parameters:
  ///   - count: steps of history before the hold-out, of all series together.
  ///   - members: how many series there are.
  init(_ options: ForecastOptions, count: Int, window: Int, members: Int = 1) {
    let steps = Self.steps(options, count: count, window: window, members: members)
    first = NetworkForecaster.Course(window: window, steps: steps, peak: 4e-3, seed: options.seed)
    second = NetworkForecaster.Course(
      window: window, steps: max(30, steps / 4), peak: 1.5e-3, seed: options.seed &+ 1)
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

  /// How far both are together, during the first.
  func progress(first part: TrainingProgress) -> TrainingProgress {
    TrainingProgress(step: part.step, steps: first.steps + second.steps, loss: part.loss)
  }

  /// How far both are together, during the second.
  func progress(second part: TrainingProgress) -> TrainingProgress {
    TrainingProgress(
      step: first.steps + part.step, steps: first.steps + second.steps, loss: part.loss)
  }
}

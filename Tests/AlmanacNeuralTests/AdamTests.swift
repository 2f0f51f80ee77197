import Testing

@testable import AlmanacNeural

@Suite("Optimiser and schedule")
struct AdamTests {
  @Test("AdamW agrees with the NumPy reference over a whole cycle")
  func reference() throws {
    let wanted = try Reference.load().adam
    let values = Storage(floats(wanted.start))
    let schedule = LearningRateSchedule(peak: wanted.peak, steps: wanted.steps)
    var adam = Adam(count: values.count, weightDecay: wanted.decay)
    for step in 0..<wanted.steps {
      let (rate, beta1) = schedule(step)
      let gradient = wanted.gradients[step * values.count..<(step + 1) * values.count]
      // Half the gradient scaled by two is the gradient.
      adam.update(
        values, gradient: Storage(gradient.map { Float($0) / 2 }), gradientScale: 2, rate: rate,
        beta1: beta1)
    }
    expectClose(values.array, wanted.end, tolerance: 2e-6)
  }

  @Test("the one-cycle schedule agrees with the reference")
  func schedule() throws {
    let wanted = try Reference.load().adam
    let schedule = LearningRateSchedule(peak: wanted.peak, steps: wanted.steps)
    expectClose((0..<wanted.steps).map { schedule($0).rate }, wanted.rates, tolerance: 1e-12)
    expectClose((0..<wanted.steps).map { schedule($0).beta1 }, wanted.betas, tolerance: 1e-12)
  }

  @Test("the schedule stays between its ends for any number of steps", arguments: 1...40)
  func shortSchedules(_ steps: Int) {
    let schedule = LearningRateSchedule(peak: 1, steps: steps)
    for step in 0..<steps {
      let (rate, beta1) = schedule(step)
      #expect(rate > 0 && rate <= 1 && beta1 > 0.849 && beta1 < 0.951)
    }
  }
}

import CKernels

/// One cycle with cosine slopes, as the defaults of PyTorch's `OneCycleLR`: the rate climbs from
/// peak / 25 to its peak over the first 30 % of the steps and falls to peak / 250,000 over the
/// rest, while Adam's beta1 goes from 0.95 down to 0.85 and back.
struct LearningRateSchedule {
  let peak: Double
  let steps: Int

  private static let rise = 0.3
  private static let startDivisor = 25.0
  private static let endDivisor = 1e4
  private static let beta1 = (low: 0.85, high: 0.95)

  /// The rate and beta1 of step `step` in 0..<steps.
  func callAsFunction(_ step: Int) -> (rate: Double, beta1: Double) {
    precondition(step >= 0 && step < steps, "BUG: step \(step) of \(steps)")
    let start = peak / Self.startDivisor
    let top = Self.rise * Double(steps) - 1
    if Double(step) <= top {
      let part = top > 0 ? Double(step) / top : 1
      return (
        Self.anneal(from: start, to: peak, part: part),
        Self.anneal(from: Self.beta1.high, to: Self.beta1.low, part: part)
      )
    }
    let part = (Double(step) - top) / (Double(steps - 1) - top)
    return (
      Self.anneal(from: peak, to: start / Self.endDivisor, part: part),
      Self.anneal(from: Self.beta1.low, to: Self.beta1.high, part: part)
    )
  }

  private static func anneal(from: Double, to: Double, part: Double) -> Double {
    to + (from - to) / 2 * (1 + almanac_cos(.pi * part))
  }
}

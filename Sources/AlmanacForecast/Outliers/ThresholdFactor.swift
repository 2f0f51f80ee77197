/// By how much judgements of outliers move a threshold.
///
/// Let s be scores by the threshold that nobody has moved, of false alarms and of true events. True
/// events bind: what was as strange as one of them stays an outlier.
///
/// - The largest s of the false alarms that are less strange than every true event is to score less
///   than 1: the factor is `margin` times it, at most the least s of the true events and at most 3.
/// - Without such false alarms, and where no false alarm is as strange as it, a true event of s < 1
///   was missed: the factor is the least such s, at least 1/2.
/// - Else it is 1.
///
/// The threshold is multiplied by the factor, which is at least 1 where only false alarms are known.
public enum ThresholdFactor {
  /// The largest factor.
  public static let most = 3.0
  /// The least factor.
  public static let least = 0.5
  /// How much less than 1 what was a false alarm is to score.
  public static let margin = 1.1

  /// The factor for these scores; the order does not matter.
  public static func factor(falseAlarms: [Double], events: [Double]) -> Double {
    // A little less, so that rounding takes none of them below the threshold.
    let weakest = (events.min() ?? .infinity) * (1 - 1e-13)
    if let strongest = falseAlarms.filter({ $0 < weakest }).max() {
      let wanted = max(strongest * margin, 1)
      // An event that was missed is still one where weaker false alarms are known.
      return min(wanted, most, max(weakest, least))
    }
    guard weakest < 1, falseAlarms.isEmpty else { return 1 }
    return max(weakest, least)
  }
}

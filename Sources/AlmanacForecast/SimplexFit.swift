internal import Glibc

/// Weights of several forecasts: none negative, together 1, with the least smoothed absolute
/// error, held towards equal weights by their relative entropy.
///
/// The objective is convex and smooth; Newton steps in the plane where the sum stays 1, damped so
/// that every weight stays positive, find its minimum in some twenty iterations.
struct SimplexFit {
  /// How strongly equal weights pull, in units of the error.
  var pull = 0.03
  /// Where the absolute error goes from quadratic to linear, in mean absolute deviations.
  var smoothing = 0.05
  /// Most Newton steps.
  var iterations = 60

  /// - Parameters:
  ///   - forecasts: (K, N), each as long as `truth`.
  ///   - truth: (N).
  func weights(forecasts: [[Double]], truth: [Double]) -> [Double] {
    let rules = forecasts.count
    let count = truth.count
    var weights = [Double](repeating: 1 / Double(rules), count: rules)
    guard count > 0, rules > 1 else { return weights }
    let center = Quantiles.median(truth)
    let unit = truth.reduce(0) { $0 + abs($1 - center) } / Double(count) + 1e-9
    // Points in rows of K, in units of the deviation about the centre: the sum of weights is 1,
    // so the centre drops out.
    var points = [Double](repeating: 0, count: rules * count)
    for rule in 0..<rules {
      for index in 0..<count {
        points[index * rules + rule] = (forecasts[rule][index] - center) / unit
      }
    }
    let goal = truth.map { ($0 - center) / unit }
    var value = objective(weights, points, goal)
    for _ in 0..<iterations {
      let (gradient, hessian) = derivatives(weights, points, goal)
      guard let step = direction(gradient, hessian) else { break }
      let slope = zip(step, gradient).reduce(0) { $0 + $1.0 * $1.1 }
      guard slope < -1e-13 else { break }
      var length = 1.0
      for (part, weight) in zip(step, weights) where part < 0 {
        length = min(length, -0.99 * weight / part)
      }
      var accepted = false
      for _ in 0..<40 {
        let trial = normalized(zip(weights, step).map { max($0 + length * $1, 1e-300) })
        let trialValue = objective(trial, points, goal)
        if trialValue <= value + 1e-4 * length * slope {
          accepted = value - trialValue > 1e-14
          weights = trial
          value = trialValue
          break
        }
        length /= 2
      }
      guard accepted else { break }
    }
    return weights
  }

  private func normalized(_ weights: [Double]) -> [Double] {
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }

  private func objective(_ weights: [Double], _ points: [Double], _ goal: [Double]) -> Double {
    let rules = weights.count
    var sum = 0.0
    for index in 0..<goal.count {
      var error = -goal[index]
      for rule in 0..<rules { error += weights[rule] * points[index * rules + rule] }
      sum += (error * error + smoothing * smoothing).squareRoot()
    }
    let entropy = weights.reduce(0) { $0 + $1 * log($1 * Double(rules) + 1e-12) }
    return sum / Double(goal.count) + pull * entropy
  }

  private func derivatives(
    _ weights: [Double], _ points: [Double], _ goal: [Double]
  ) -> (gradient: [Double], hessian: [Double]) {
    let rules = weights.count
    let square = smoothing * smoothing
    var gradient = [Double](repeating: 0, count: rules)
    var hessian = [Double](repeating: 0, count: rules * rules)
    for index in 0..<goal.count {
      let row = index * rules
      var error = -goal[index]
      for rule in 0..<rules { error += weights[rule] * points[row + rule] }
      let size = (error * error + square).squareRoot()
      let pull = error / size
      let bend = square / (size * size * size)
      for a in 0..<rules {
        let point = points[row + a]
        gradient[a] += pull * point
        let bent = bend * point
        for b in 0...a { hessian[a * rules + b] += bent * points[row + b] }
      }
    }
    let share = 1 / Double(goal.count)
    for a in 0..<rules {
      gradient[a] = gradient[a] * share + pull * (log(weights[a] * Double(rules) + 1e-12) + 1)
      for b in 0...a { hessian[a * rules + b] *= share }
      hessian[a * rules + a] += pull / weights[a]
    }
    return (gradient, hessian)
  }

  /// The Newton step that keeps the sum: -H^-1 (g - mu 1); `hessian` holds its lower half.
  private func direction(_ gradient: [Double], _ hessian: [Double]) -> [Double]? {
    let size = gradient.count
    var factor = hessian
    for column in 0..<size {
      var pivot = factor[column * size + column]
      for k in 0..<column { pivot -= factor[column * size + k] * factor[column * size + k] }
      guard pivot > 0, pivot.isFinite else { return nil }
      let root = pivot.squareRoot()
      factor[column * size + column] = root
      for row in (column + 1)..<max(size, column + 1) {
        var sum = factor[row * size + column]
        for k in 0..<column { sum -= factor[row * size + k] * factor[column * size + k] }
        factor[row * size + column] = sum / root
      }
    }
    let solve = { (right: [Double]) -> [Double] in
      var x = right
      for row in 0..<size {
        for k in 0..<row { x[row] -= factor[row * size + k] * x[k] }
        x[row] /= factor[row * size + row]
      }
      for row in stride(from: size - 1, through: 0, by: -1) {
        for k in (row + 1)..<max(size, row + 1) { x[row] -= factor[k * size + row] * x[k] }
        x[row] /= factor[row * size + row]
      }
      return x
    }
    let a = solve(gradient)
    let b = solve([Double](repeating: 1, count: size))
    let shift = a.reduce(0, +) / b.reduce(0, +)
    let step = zip(a, b).map { -($0 - shift * $1) }
    return step.allSatisfy(\.isFinite) ? step : nil
  }
}

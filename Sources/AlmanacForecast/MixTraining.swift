internal import AlmanacCore
internal import AlmanacNeural

/// Trains rules and network side by side and lets a hold-out decide the network's share.
struct MixTraining {
  let series: RegularSeries
  let options: ForecastOptions
  let rhythm: Rhythm
  /// The prepared past until a position of the grid.
  let past: (Int) throws(ForecastError) -> Past
  /// The network of the series' group, where it has one.
  var shared: GroupNetwork?

  /// What each unit of share must earn: the error is raised by this much of the share.
  private static let price = 0.05
  /// By how much of the rules' error the network must win the hold-out to get any share.
  private static let margin = 0.1
  /// No network gets more: a hold-out is one week, and the next one differs.
  private static let most = 0.5
  /// Moments inside the hold-out at which the shares are judged, in parts of it.
  private static let origins = [0, 0.25, 0.5, 0.75]

  /// The hold-out as rules and network see it from one moment.
  private struct View {
    let past: Past
    let truth: [Double]
    let rules: Outlook
    let network: [Double]?
    /// The week profile at the last day's level, kept or fading: what a network falls back to.
    let rivals: [[Double]]
  }

  func train(
    _ full: Past, progress: (TrainingProgress) -> Bool
  ) throws(ForecastError) -> Forecaster.Result {
    let count = series.count
    let end = HoldOut.start(count, rhythm)
    let window = NetworkForecaster.window(options.window, step: series.step, rhythm: rhythm)
    let old = try past(end)
    let oldRules = SeasonalRules(old.values, rhythm: rhythm)
    let oldTests = try Backtests(until: end, rhythm: rhythm, past: past)
    let oldMix = oldTests.fit()

    // The network sees nothing of the hold-out until its share is decided.
    let course = Course(options, count: end, window: window)
    var network: NetworkForecaster?
    if let shared {
      network = shared.forecaster(shared.early, old, oldRules, options)
    } else if NetworkForecaster.isEnough(end, window: window, rhythm: rhythm) {
      network = try NetworkForecaster.train(
        nil, on: old, rules: oldRules, options: options, course: course.first,
        progress: progress)
    }
    let views = try views(end: end, count: count, mix: oldMix, network: network)
    let share = views.allSatisfy { $0.network != nil } ? shares(views) : .none
    let alone = options.model == .seq2seq

    // Tuned on with the hold-out, where it is of use.
    if let trained = network, share != .none || alone {
      let rules = SeasonalRules(full.values, rhythm: rhythm)
      if let shared {
        network = shared.forecaster(shared.late, full, rules, options)
      } else {
        network = try NetworkForecaster.train(
          trained, on: full, rules: rules, options: options, course: course.second,
          progress: progress)
      }
    } else {
      network = nil
    }

    if alone, let network {
      return networkAlone(network, views, end: end)
    }
    let tests = try Backtests(until: count, rhythm: rhythm, past: past)
    let mix = tests.fit()
    var result = Forecaster.Result(
      kind: .ensemble, method: .mix(mix, network, share),
      intervals: intervals(tests, mix, full),
      fallbackReason: alone ? "the history is too short to train a network" : nil)
    if let view = views.first {
      let outlook = Method.mixed(
        view.rules, network: view.network, share: share, past: view.past, day: rhythm.day)
      result.holdout = score(outlook, intervals(oldTests, oldMix, view.past), view, end: end)
      result.holdout?.networkShare = share
    }
    return result
  }

  private func views(
    end: Int, count: Int, mix: Ensemble, network: NetworkForecaster?
  ) throws(ForecastError) -> [View] {
    var views: [View] = []
    for part in Self.origins {
      let origin = end + Int(part * Double(count - end))
      let past = try past(origin)
      let rules = SeasonalRules(past.values, rhythm: rhythm)
      let horizon = count - origin
      var fading = rules.weekAtLevel
      fading.fade = Double(3 * rhythm.day)
      let rivals = [rules.weekAtLevel, fading]
      views.append(
        View(
          past: past, truth: past.truth(horizon),
          rules: Method.ruled(mix, rules, steps: horizon, past: past),
          network: network?.forecast(past, rules: rules, steps: horizon),
          rivals: rivals.map { past.held($0.values(at: Array(0..<horizon))) }))
    }
    return views
  }

  /// The shares of least absolute error over all views, on a grid of tenths, with a price for
  /// leaving the rules; none where the network does not win the hold-out as a whole and most views.
  private func shares(_ views: [View]) -> HoldOut.NetworkShare {
    let networks = views.map { $0.past.held($0.network ?? []) }
    let errors = { (share: Double, range: Range<Int>) -> [Double] in
      zip(views, networks).map { view, network in
        let mixed = zip(view.rules.point, network).map { $0 + share * ($1 - $0) }
        return HoldOut.error(view.truth, mixed, in: range).sum
      }
    }
    let won = zip(views, networks).filter { view, network in
      let all = view.truth.indices
      return HoldOut.error(view.truth, network, in: all).sum
        < HoldOut.error(view.truth, view.rules.point, in: all).sum
    }
    guard 4 * won.count >= 3 * views.count, wins(views[0], networks[0]) else { return .none }
    let best = { (range: Range<Int>) -> Double in
      let alone = errors(0, range)
      var best = (share: 0.0, error: alone.reduce(0, +))
      for tenth in 1...Int(Self.most * 10) {
        let share = Double(tenth) / 10
        let mixed = errors(share, range)
        let error = mixed.reduce(0, +) * (1 + Self.price * share)
        if error < best.error { best = (share, error) }
      }
      return best.share
    }
    return HoldOut.NetworkShare(
      firstDay: best(0..<rhythm.day), later: best(rhythm.day..<(8 * rhythm.day)))
  }

  /// Whether the network beats the rules on the whole hold-out, from its beginning: by more than
  /// luck, and at more than half of the steps, so that one excursion does not decide.
  private func wins(_ view: View, _ network: [Double]) -> Bool {
    var errors = (network: 0.0, rules: 0.0)
    var better = 0
    var count = 0
    for index in view.truth.indices where view.truth[index].isFinite {
      let error = abs(view.truth[index] - network[index])
      let other = abs(view.truth[index] - view.rules.point[index])
      errors = (errors.network + error, errors.rules + other)
      if error < other { better += 1 }
      count += 1
    }
    // A win that the level alone would have brought is not the network's.
    let known = view.truth.indices
    let rival = view.rivals.map { HoldOut.error(view.truth, $0, in: known).sum }.min() ?? .infinity
    return errors.network < (1 - Self.margin) * errors.rules && 2 * better > count
      && errors.network < rival
  }

  private func intervals(_ tests: Backtests, _ mix: Ensemble, _ past: Past) -> Intervals {
    let known = tests.errors(of: mix)
    guard known.errors.isEmpty else {
      return Intervals(
        errors: known.errors, positions: known.positions, leads: known.leads, day: rhythm.day,
        shape: .mix)
    }
    // Without any backtest all that is known is how far values lie apart.
    let center = Quantiles.median(past.values)
    return Intervals(
      errors: past.values.map { $0 - center }, positions: [], day: rhythm.day, shape: .plain)
  }

  private func score(
    _ outlook: Outlook, _ intervals: Intervals, _ view: View, end: Int
  ) -> HoldOut? {
    let scored = { (outlook: Outlook) in
      HoldOut.scored(
        outlook, intervals, view.past, truth: view.truth, series: series, end: end,
        rhythm: rhythm)
    }
    var result = scored(outlook)
    let none = [Double](repeating: 0, count: view.truth.count)
    result?.rulesMASE = scored(view.rules)?.mase ?? .nan
    if let network = view.network {
      let point = view.past.held(network)
      result?.networkMASE = scored(Outlook(point: point, disagreement: none))?.mase ?? .nan
    }
    return result
  }

  /// The network without the rules: its band comes from its own errors in the hold-out.
  private func networkAlone(
    _ network: NetworkForecaster, _ views: [View], end: Int
  ) -> Forecaster.Result {
    let table = { (views: ArraySlice<View>) -> Intervals in
      var errors: [Double] = []
      var positions: [Int] = []
      for view in views {
        guard let forecast = view.network else { continue }
        let point = view.past.held(forecast)
        let first = view.past.next.position(in: rhythm.day, step: series.step)
        for index in view.truth.indices where view.truth[index].isFinite {
          errors.append(view.truth[index] - point[index])
          positions.append((first + index) % rhythm.day)
        }
      }
      return Intervals(errors: errors, positions: positions, day: rhythm.day, shape: .single)
    }
    var result = Forecaster.Result(
      kind: .seq2seq, method: .network(network), intervals: table(views[...]))
    if let view = views.first, let forecast = view.network {
      let point = view.past.held(forecast)
      let outlook = Outlook(
        point: point, disagreement: [Double](repeating: 0, count: point.count))
      // The band of the first view is judged by the errors of the later ones.
      result.holdout = score(outlook, table(views.dropFirst()), view, end: end)
      result.holdout?.networkShare = HoldOut.NetworkShare(firstDay: 1, later: 1)
    }
    return result
  }
}

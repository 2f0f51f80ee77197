internal import AlmanacCore
internal import AlmanacNeural

extension ForecastModel {
  /// The model as bytes: versioned, with length and checksum.
  public func encoded() -> [UInt8] {
    var body = ModelWriter()
    body.put(kind.rawValue)
    body.put(trainedFrom.nanoseconds)
    body.put(trainedUntil.nanoseconds)
    body.put(step.nanoseconds)
    body.put(seed)
    body.put(UInt8(fallbackReason == nil ? 0 : 1))
    if let fallbackReason { body.put(fallbackReason) }
    body.put(UInt8(holdout == nil ? 0 : 1))
    if let holdout { body.put(holdout) }
    body.put(interpolate.rawValue)
    body.put(minimum)
    body.put(maximum)
    body.put(UInt32(stages.count))
    for stage in stages { body.put(stage) }
    body.put(method)
    body.put(intervals)
    return ModelFile.frame.wrap(body.bytes)
  }

  /// Reads what `encoded` wrote.
  ///
  /// - Throws: `damagedModel` for any other bytes.
  public init(encoded bytes: [UInt8]) throws(ForecastError) {
    var body = try ModelFile.frame.open(bytes)
    kind = try body.word(ModelKind.self)
    trainedFrom = Timestamp(nanoseconds: try body.integer(Int64.self))
    trainedUntil = Timestamp(nanoseconds: try body.integer(Int64.self))
    step = Interval(nanoseconds: try body.integer(Int64.self))
    guard step > .zero else { throw ModelReader.damaged("its step is not positive") }
    seed = try body.integer(UInt64.self)
    fallbackReason = try body.flag() ? try body.text() : nil
    holdout = try body.flag() ? try body.holdOut() : nil
    interpolate = try body.word(InterpolationMethod.self)
    minimum = try body.optional()
    maximum = try body.optional()
    var stages: [PreparationStep] = []
    for _ in 0..<min(try body.integer(UInt32.self), 1000) { stages.append(try body.stage()) }
    self.stages = stages
    method = try body.method()
    intervals = try body.intervals()
    guard body.isAtEnd else { throw ModelReader.damaged("there is more than a model") }
  }
}

extension ModelWriter {
  fileprivate mutating func put(_ holdout: HoldOut) {
    put(holdout.count)
    for value in [
      holdout.mae, holdout.mase, holdout.coverage, holdout.coverage80,
      holdout.networkShare.firstDay, holdout.networkShare.later, holdout.rulesMASE,
      holdout.networkMASE,
    ] { put(value) }
  }

  fileprivate mutating func put(_ stage: PreparationStep) {
    switch stage {
    case .interpolate(let method, let maxGap):
      put(UInt8(0))
      put(method.rawValue)
      put(UInt8(maxGap == nil ? 0 : 1))
      if let maxGap { put(maxGap.nanoseconds) }
    case .deseason(let periods, let method):
      put(UInt8(method == .median ? 1 : 3))
      put(UInt8(periods == nil ? 0 : 1))
      guard let periods else { return }
      put(UInt32(periods.count))
      for period in periods { put(period.nanoseconds) }
    case .scale(let kind):
      put(UInt8(2))
      put(kind.rawValue)
    case .detrend:
      put(UInt8(4))
    case .clean(let deviations):
      put(UInt8(5))
      put(deviations)
    case .clip(let minimum, let maximum):
      put(UInt8(6))
      put(minimum)
      put(maximum)
    }
  }

  fileprivate mutating func put(_ method: Method) {
    switch method {
    case .mix(let ensemble, let network, let share):
      put(UInt8(0))
      put(ensemble.weights)
      put(ensemble.near)
      put(ensemble.anchor)
      put(share.firstDay)
      put(share.later)
      put(UInt8(network == nil ? 0 : 1))
      if let network { put(network) }
    case .network(let network):
      put(UInt8(1))
      put(network)
    case .plain(let baseline):
      put(UInt8(2))
      put(baseline)
    }
  }

  private mutating func put(_ network: NetworkForecaster) {
    put(network.hidden)
    put(network.window)
    put(network.scaler.kind.rawValue)
    put(network.scaler.center)
    put(network.scaler.scale)
    put(network.weights)
  }

  private mutating func put(_ baseline: Baseline) {
    switch baseline {
    case .lastValue: put(UInt8(0))
    case .drift: put(UInt8(1))
    case .median: put(UInt8(2))
    case .linear: put(UInt8(3))
    case .seasonalNaive(let period):
      put(UInt8(4))
      put(period)
    case .holtWinters(let parameters):
      put(UInt8(5))
      put(parameters.period)
      put(parameters.alpha)
      put(parameters.beta)
      put(parameters.gamma)
    }
  }

  fileprivate mutating func put(_ intervals: Intervals) {
    let shape = intervals.shape
    for value in [
      shape.grow.at80, shape.grow.at95, shape.spread.at80, shape.spread.at95, intervals.growth,
    ] { put(value) }
    put(intervals.early)
    put(UInt32(intervals.table.count))
    for row in intervals.table { put(row) }
  }
}

extension ModelReader {
  fileprivate mutating func holdOut() throws(ForecastError) -> HoldOut {
    let count = try int(in: 0...Int.max)
    var values: [Double] = []
    for _ in 0..<8 { values.append(try number()) }
    return HoldOut(
      count: count, mae: values[0], mase: values[1], coverage: values[2], coverage80: values[3],
      networkShare: .init(firstDay: values[4], later: values[5]), rulesMASE: values[6],
      networkMASE: values[7])
  }

  fileprivate mutating func stage() throws(ForecastError) -> PreparationStep {
    let tag = try integer(UInt8.self)
    switch tag {
    case 0:
      let method = try word(InterpolationMethod.self)
      let maxGap = try flag() ? Interval(nanoseconds: try integer(Int64.self)) : nil
      return .interpolate(method, maxGap: maxGap)
    case 1, 3:
      let method: SeasonMethod = tag == 1 ? .median : .stl
      guard try flag() else { return .deseason(periods: nil, method: method) }
      var periods: [Interval] = []
      for _ in 0..<min(try integer(UInt32.self), 1000) {
        periods.append(Interval(nanoseconds: try integer(Int64.self)))
      }
      return .deseason(periods: periods, method: method)
    case 2:
      return .scale(try word(ScaleKind.self))
    case 4:
      return .detrend
    case 5:
      let deviations = try finite()
      guard deviations > 0 else { throw Self.damaged("its k is none") }
      return .clean(deviations: deviations)
    case 6:
      return .clip(minimum: try optional(), maximum: try optional())
    default:
      throw Self.damaged("an unknown stage")
    }
  }

  fileprivate mutating func method() throws(ForecastError) -> Method {
    switch try integer(UInt8.self) {
    case 0:
      let weights = try doubles()
      let near = try doubles()
      let anchor = try finite()
      guard (0...1).contains(anchor), Self.areWeights(weights), Self.areWeights(near) else {
        throw Self.damaged("its weights are none")
      }
      let share = HoldOut.NetworkShare(firstDay: try finite(), later: try finite())
      guard (0...1).contains(share.firstDay), (0...1).contains(share.later) else {
        throw Self.damaged("its network's share is none")
      }
      return .mix(
        Ensemble(weights: weights, near: near, anchor: anchor), try flag() ? try network() : nil,
        share)
    case 1:
      return .network(try network())
    case 2:
      return .plain(try baseline())
    default:
      throw Self.damaged("an unknown method")
    }
  }

  /// Whether there is one weight for each rule, none negative, together 1.
  private static func areWeights(_ weights: [Double]) -> Bool {
    weights.count == SeasonalRules.count && weights.allSatisfy { (0...1).contains($0) }
      && abs(weights.reduce(0, +) - 1) < 1e-6
  }

  private mutating func network() throws(ForecastError) -> NetworkForecaster {
    let hidden = try int(in: 1...1024)
    let window = try int(in: 1...100_000)
    let kind = try word(ScaleKind.self)
    let scaler = Scaler(kind: kind, center: try finite(), scale: try finite())
    let weights = try floats()
    do {
      _ = try Seq2Seq(hidden: hidden, weights: weights)
    } catch {
      throw Self.damaged(error.message)
    }
    return NetworkForecaster(hidden: hidden, window: window, scaler: scaler, weights: weights)
  }

  private mutating func baseline() throws(ForecastError) -> Baseline {
    let longest = RegularSeries.maximumCount
    switch try integer(UInt8.self) {
    case 0: return .lastValue
    case 1: return .drift
    case 2: return .median
    case 3: return .linear
    case 4: return .seasonalNaive(period: try int(in: 1...longest))
    case 5:
      return .holtWinters(
        HoltWinters(
          period: try int(in: 1...longest), alpha: try finite(), beta: try finite(),
          gamma: try finite()))
    default: throw Self.damaged("an unknown baseline")
    }
  }

  fileprivate mutating func intervals() throws(ForecastError) -> Intervals {
    var shape = Intervals.Shape.mix
    shape.grow = (try finite(), try finite())
    shape.spread = (try finite(), try finite())
    let growth = try finite()
    let early = try doubles()
    guard early.count == Intervals.knots.count, early.allSatisfy({ (0...1).contains($0) }) else {
      throw Self.damaged("its intervals are none")
    }
    let rows = Int(try integer(UInt32.self))
    guard (1...1000).contains(rows) else { throw Self.damaged("its intervals are none") }
    var table: [[Double]] = []
    for _ in 0..<rows {
      let row = try doubles()
      guard row.count == Intervals.shares.count else {
        throw Self.damaged("its intervals are none")
      }
      table.append(row)
    }
    return Intervals(shape: shape, table: table, growth: growth, early: early)
  }
}

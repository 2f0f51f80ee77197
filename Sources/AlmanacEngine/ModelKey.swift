internal import AlmanacCore
internal import AlmanacForecast
internal import AlmanacQuery

/// What a model is kept under: a hash of everything that its training depends on. It begins with
/// a hash of what stays as time goes on, so that the models of one question lie side by side.
///
/// That is the canonical plan of its input, the parameters, the series, the end of its training
/// bucket, the version of the engine, and the training data itself. With the data in the key a
/// sample that arrives late simply leads to another key: a model can never be out of date without
/// anybody noticing, and the same question on the same data finds the same model.
struct ModelKey: Hashable, Sendable {
  /// Raised whenever the same data would train another model.
  static let engineVersion = 3

  /// 32 hexadecimal digits.
  let text: String
  /// The first of them: the same for all models of one question, whatever the data.
  var family: String { String(text.prefix(Self.familyDigits)) }

  private static let familyDigits = 12

  init(_ request: ModelRequest) {
    var hash = StableHash()
    hash.combine("almanac model \(Self.engineVersion)")
    hash.combine(request.plan)
    hash.combine(request.options.canonicalText)
    hash.combine(request.key.encoded)
    if let group = request.group { hash.combine("group \(group.name)") }
    let family = hash.hexadecimal.prefix(Self.familyDigits)
    hash.combine(UInt64(bitPattern: request.bucket.nanoseconds))
    hash.combine(request.history)
    if let group = request.group { hash.combine("group \(group.hash)") }
    text = String(family + hash.hexadecimal.dropFirst(Self.familyDigits))
  }
}

extension ForecastOptions {
  /// Every parameter that training depends on. Threads are none.
  var canonicalText: String {
    let bound = { (value: Double?) in value.map(\.shortestText) ?? "none" }
    let stages = preparation.map(\.canonicalText).joined(separator: " ")
    return """
      model=\(model.rawValue) window=\(window) hidden=\(hidden) batch=\(batch) \
      epochs=\(epochs.map(String.init) ?? "auto") scale=\(scale.rawValue) \
      interpolate=\(interpolate.rawValue) seed=\(seed) min=\(bound(minimum)) \
      max=\(bound(maximum)) preparation=[\(stages)]
      """
  }
}

extension PreparationStep {
  /// The stage with its parameters.
  fileprivate var canonicalText: String {
    switch self {
    case .interpolate(let method, let maxGap):
      "interpolate(\(method.rawValue), max_gap=\(maxGap?.description ?? "none"))"
    case .deseason(let periods, let method):
      "deseason(\(periods?.map(\.description).joined(separator: ",") ?? "auto")"
        + (method == .median ? ")" : ", method=\(method.rawValue))")
    case .scale(let kind): "scale(\(kind.rawValue))"
    case .detrend: "detrend"
    case .clean(let deviations): "clean(\(deviations.shortestText))"
    case .clip(let minimum, let maximum):
      "clip(\(minimum?.shortestText ?? "none"), \(maximum?.shortestText ?? "none"))"
    }
  }
}

internal import AlmanacCore
internal import AlmanacForecast
internal import Synchronization

/// Forecasts by what they follow from, shared by all queries: a model that looks ahead again from
/// the same samples says the same to the bit.
public final class CurveCache: Sendable {
  /// What a forecast follows from.
  struct Key: Hashable {
    /// The model's id, which tells all that it was trained with.
    let model: String
    /// The hash of the history that it looks ahead from.
    let history: String
    let steps: Int
    let levels: [Double]

    init(model: String, from history: RegularSeries, steps: Int, levels: [Double]) {
      var hash = StableHash()
      hash.combine(history)
      self.model = model
      self.history = hash.hexadecimal
      self.steps = steps
      self.levels = levels
    }
  }

  /// Bytes that it may hold.
  public let limit: Int
  private let cache: Mutex<BoundedCache<Key, ForecastCurve>>

  /// An empty cache of at most `limit` bytes; 0 keeps nothing.
  public init(limit: Int) {
    self.limit = limit
    cache = Mutex(BoundedCache(limit: limit))
  }

  /// What the cache did and holds now.
  public var statistics: CacheStatistics { cache.withLock { $0.statistics } }

  /// The forecast under `key`: kept, or what `predict` says.
  func curve(
    _ key: Key, else predict: () throws(ForecastError) -> ForecastCurve
  ) throws(ForecastError) -> ForecastCurve {
    if let found = cache.withLock({ $0.use(key) }) { return found }
    let curve = try predict()
    cache.withLock { _ = $0.put(curve, bytes: Self.bytes(curve), under: key) }
    return curve
  }

  private static func bytes(_ curve: ForecastCurve) -> Int {
    512 + 8 * curve.yhat.count * (1 + 2 * curve.bands.count)
  }
}

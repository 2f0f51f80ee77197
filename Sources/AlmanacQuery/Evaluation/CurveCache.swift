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

  /// What the cache did and holds.
  public struct Statistics: Sendable, Equatable {
    /// Forecasts found.
    public var hits = 0
    /// Forecasts that were not there.
    public var misses = 0
    /// Forecasts thrown out for others.
    public var evictions = 0
    /// Forecasts held.
    public var entries = 0
    /// About how many bytes they take.
    public var bytes = 0
  }

  private struct State {
    var cache: BoundedCache<Key, ForecastCurve>
    var statistics = Statistics()
  }

  private let state: Mutex<State>

  /// An empty cache of at most `limit` bytes; 0 keeps nothing.
  public init(limit: Int) {
    state = Mutex(State(cache: BoundedCache(limit: limit)))
  }

  /// What the cache did and holds now.
  public var statistics: Statistics {
    state.withLock { state in
      var statistics = state.statistics
      statistics.evictions = state.cache.evictions
      statistics.entries = state.cache.count
      statistics.bytes = state.cache.bytes
      return statistics
    }
  }

  /// The forecast under `key`: kept, or what `predict` says.
  func curve(
    _ key: Key, else predict: () throws(ForecastError) -> ForecastCurve
  ) throws(ForecastError) -> ForecastCurve {
    let found = state.withLock { state in
      let found = state.cache.use(key)
      if found == nil { state.statistics.misses += 1 } else { state.statistics.hits += 1 }
      return found
    }
    if let found { return found }
    let curve = try predict()
    state.withLock { _ = $0.cache.put(curve, bytes: Self.bytes(curve), under: key) }
    return curve
  }

  private static func bytes(_ curve: ForecastCurve) -> Int {
    512 + 8 * curve.yhat.count * (1 + 2 * curve.bands.count)
  }
}

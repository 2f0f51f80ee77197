internal import AlmanacCore
internal import AlmanacPattern

/// Labels from series that know more: `info(x)`.
extension Evaluator {
  /// The labels that tell what a series is about; where they are the same, labels are taken over.
  private static let identity = ["instance", "job"]

  /// The series of `node`'s input with the labels of the info series that count at each time.
  func info(_ node: InfoPlan, _ context: Context) async throws -> [LabelledSamples] {
    let input = stamped(try await seriesValue(node.input, context), of: node.input, context)
    let takers = input.filter { !isInfo($0.key, node) }
    let known = try await infoSeries(node, for: takers, context)
    let enrichment = Enrichment(node, known, lookback: context.lookback)
    var results: [SeriesKey: LabelledSamples] = [:]
    for one in input {
      let pieces =
        isInfo(one.key, node)
        ? [one]
        : try enrichment.pieces(of: one) {
          time(Timestamp(nanoseconds: $0), after: node.moves, context).nanoseconds
        }
      for piece in pieces {
        guard let before = results[piece.key]?.samples else {
          results[piece.key] = piece
          continue
        }
        let together = before.merging(piece.samples)
        guard together.count == before.count + piece.samples.count else {
          throw enrichment.error("several series become \(piece.key)", hint: "select fewer of them")
        }
        results[piece.key]?.samples = together
      }
    }
    return Array(results.values).inOrderOfKey()
  }

  private func isInfo(_ key: SeriesKey, _ node: InfoPlan) -> Bool {
    node.metrics.allSatisfy { $0.passes(key.metric) }
  }

  /// The info series that may have labels for `takers`, with markers where they end.
  private func infoSeries(
    _ node: InfoPlan, for takers: [LabelledSamples], _ context: Context
  ) async throws -> [LabelledSamples] {
    let identities = Self.identity.compactMap { name -> LabelMatcher? in
      let values = Set(takers.compactMap { $0.key.labels[name] })
      return values.isEmpty ? nil : LabelMatcher(name: name, .oneOf(values.sorted()))
    }
    let times = takers.flatMap { [$0.samples.firstTime, $0.samples.lastTime] }.compactMap {
      $0.map { self.time($0, after: node.moves, context) }
    }
    guard !identities.isEmpty, let first = times.min(), let last = times.max() else { return [] }
    let range = TimeRange(
      start: first - context.lookback + Interval(nanoseconds: 1), end: last)
    let selection = Selection(matchers: node.metrics + node.labels + identities)
    return try await read(selection, in: range, keepsMarkers: true) { $0 }
  }

  /// `time` as it is below `moves`.
  private func time(_ time: Timestamp, after moves: [Move], _ context: Context) -> Timestamp {
    var inner = context
    inner.time = time
    for move in moves { inner = self.context(inner, moved: move) }
    return inner.time
  }

  /// Finds the labels that a series gets at a moment.
  private struct Enrichment {
    private let node: InfoPlan
    private let lookback: Interval
    /// Info series by what they are about, then by metric.
    private let known: [Labels: [String: [LabelledSamples]]]

    init(_ node: InfoPlan, _ series: [LabelledSamples], lookback: Interval) {
      self.node = node
      self.lookback = lookback
      var known: [Labels: [String: [LabelledSamples]]] = [:]
      for one in series {
        known[one.key.labels.keeping(Set(Evaluator.identity)), default: [:]][
          one.key.metric, default: []
        ].append(one)
      }
      self.known = known
    }

    /// The samples of a series under the keys that they get, without those that have none of the
    /// labels asked for.
    ///
    /// - Parameter moment: when the labels of a sample at a time count.
    func pieces(
      of one: LabelledSamples, _ moment: (Int64) -> Int64
    ) throws(QueryError) -> [LabelledSamples] {
      let metrics = known[one.key.labels.keeping(Set(Evaluator.identity))] ?? [:]
      var pieces: [LabelledSamples] = []
      var sources: [SeriesKey]?
      var key: SeriesKey?
      for (time, value) in zip(one.samples.timestamps, one.samples.values) {
        var counting: [SeriesKey] = []
        for series in metrics.values {
          if let newest = try newest(of: series, at: moment(time)) { counting.append(newest) }
        }
        if counting != sources {
          sources = counting
          key = try self.key(of: one.key, with: counting)
          if let key {
            var piece = one
            (piece.key, piece.samples) = (key, Samples())
            pieces.append(piece)
          }
        }
        if key != nil { pieces[pieces.count - 1].samples.insert(time: time, value: value) }
      }
      return pieces
    }

    /// The series `key` with labels of `sources`; nil where it has none of those asked for.
    private func key(
      of key: SeriesKey, with sources: [SeriesKey]
    ) throws(QueryError) -> SeriesKey? {
      guard !sources.isEmpty || node.keepsOthers else { return nil }
      var taken: [String: String] = [:]
      for label in sources.flatMap(\.labels.all) {
        let isAsked = node.labels.isEmpty || node.labels.contains { $0.name == label.name }
        guard isAsked, key.labels[label.name] == nil else { continue }
        guard taken[label.name, default: label.value] == label.value else {
          throw error("conflicting label \(label.name) for \(key)", hint: "name one info metric")
        }
        taken[label.name] = label.value
      }
      let labels = key.labels.all.map { ($0.name, $0.value) } + taken.map { ($0.key, $0.value) }
      return SeriesKey(metric: key.metric, labels: Labels(labels))
    }

    /// The one of `series` whose sample is the newest at `moment`.
    private func newest(
      of series: [LabelledSamples], at moment: Int64
    ) throws(QueryError) -> SeriesKey? {
      let oldest = (Timestamp(nanoseconds: moment) - lookback).nanoseconds
      var best: (key: SeriesKey, time: Int64)?
      for one in series {
        var index = one.samples.lowerBound(of: moment)
        if index == one.samples.count || one.samples.timestamps[index] > moment { index -= 1 }
        guard index >= 0, one.samples.timestamps[index] > oldest,
          !one.samples.values[index].isStaleMarker
        else { continue }
        let time = one.samples.timestamps[index]
        guard time != best?.time else {
          throw error("several info series count at once: \(one.key)", hint: "remove one of them")
        }
        if time > best?.time ?? .min { best = (one.key, time) }
      }
      return best?.key
    }

    func error(_ cause: String, hint: String) -> QueryError {
      QueryError(
        code: .evaluation, message: "cannot add labels: \(cause)", range: node.range,
        stage: "evaluate", hint: hint)
    }
  }
}

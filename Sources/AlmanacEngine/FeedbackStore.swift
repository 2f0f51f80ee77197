internal import AlmanacCore
public import AlmanacQuery
internal import AlmanacStore
internal import Logging
internal import Synchronization

/// What was said of outliers: all of it in memory, each judgement as a record in the store.
final class FeedbackStore: JudgementStore {
  private struct State {
    var judgements = Judgements.none
    /// The number of the newest one, also of those that come to be kept.
    var lastID = 0

    /// Puts `all` in place of what is known.
    mutating func set(_ all: [Judgement]) {
      judgements = Judgements(all, version: judgements.version + 1)
    }
  }

  private let store: Store
  private let clock: @Sendable () -> Timestamp
  private let state = Mutex(State())

  /// Reads what is stored; what cannot be read is left out with a warning.
  init(store: Store, logger: Logger, clock: @escaping @Sendable () -> Timestamp) throws {
    self.store = store
    self.clock = clock
    let all = try store.readRecords(
      .feedback, "stored feedback", logger: logger, Judgement.init(name:record:)
    ).sorted { $0.id < $1.id }
    state.withLock { state in
      state.set(all)
      state.lastID = all.last?.id ?? 0
    }
  }

  var judgements: Judgements { state.withLock { $0.judgements } }

  func add(_ new: [Judgement]) async throws -> [Judgement] {
    let now = clock()
    let first = state.withLock { state in
      defer { state.lastID += new.count }
      return state.lastID + 1
    }
    let numbered = zip(first..., new).map { id, one in
      var one = one
      one.id = id
      one.created = now
      return one
    }
    try await store.changeRecords(numbered.map { .put(.feedback, "\($0.id)", $0.record) })
    state.withLock { state in
      state.set((state.judgements.all + numbered).sorted { $0.id < $1.id })
    }
    return numbered
  }

  /// Forgets a judgement; false where there is none.
  func remove(_ id: Int) async throws -> Bool {
    guard judgements.all.contains(where: { $0.id == id }) else { return false }
    try await store.removeRecords(.feedback, ["\(id)"])
    state.withLock { state in state.set(state.judgements.all.filter { $0.id != id }) }
    return true
  }
}

extension Judgement {
  /// One line for each part; line ends in texts are escaped.
  fileprivate var record: String {
    let key = [self.key.metric] + self.key.labels.all.flatMap { [$0.name, $0.value] }
    let numbers = [start.nanoseconds, end.nanoseconds, created?.nanoseconds ?? 0].map { "\($0)" }
    let texts = [verdict.rawValue, method, signal, template, author, note] + key
    return (numbers + ["\(score)"] + texts.map(Self.escaped)).joined(separator: "\n")
  }

  /// Reads a record that is kept under its number.
  fileprivate init?(name: String, record: String) {
    let lines = record.split(separator: "\n", omittingEmptySubsequences: false).map(Self.plain)
    guard let id = Int(name), lines.count >= 11, lines.count % 2 == 1,
      let start = Int64(lines[0]), let end = Int64(lines[1]), let created = Int64(lines[2]),
      let score = Double(lines[3]), let verdict = Verdict(rawValue: lines[4])
    else { return nil }
    let labels = stride(from: 11, to: lines.count, by: 2).map { (lines[$0], lines[$0 + 1]) }
    self.init(
      key: SeriesKey(metric: lines[10], labels: Labels(labels)), signal: lines[6],
      method: lines[5], start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: end),
      score: score, verdict: verdict, note: lines[9], author: lines[8], template: lines[7])
    self.id = id
    self.created = Timestamp(nanoseconds: created)
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  private static func plain(_ text: Substring) -> String {
    var result = ""
    var isEscaped = false
    for character in text.unicodeScalars {
      if isEscaped {
        result.unicodeScalars.append(character == "n" ? "\n" : character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else {
        result.unicodeScalars.append(character)
      }
    }
    return result
  }
}

extension Database {
  /// What was said of outliers, in order of number.
  public var judgements: [Judgement] { feedback.judgements.all }

  /// Keeps what is said of an outlier; returns it with its number.
  ///
  /// - Parameter new: its score is the one that is shown, by the threshold of now.
  public func judge(_ new: Judgement) async throws -> Judgement {
    var new = new
    new.score *= feedback.judgements.factor(of: new.key, new.signal, new.method)
    return try await feedback.add([new])[0]
  }

  /// Forgets what was said; false where there is no such number.
  public func removeJudgement(_ id: Int) async throws -> Bool {
    try await feedback.remove(id)
  }
}

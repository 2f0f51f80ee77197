import AlmanacCore
import AlmanacQuery
import AlmanacTesting
import Testing

/// `and`, `or`, `unless`, and series of two sides that meet.
@Suite struct SetOperationTests {
  /// Series of two metrics that share some labels, with gaps.
  static func source(seed: UInt64) -> MemorySource {
    var random = SeededGenerator(seed: seed)
    var source = MemorySource()
    for metric in ["a", "b"] {
      for series in 0..<8 where Bool.random(using: &random) {
        let points = (0..<20).compactMap { index in
          Bool.random(using: &random) ? (Double(index) * 60, Double(index + series)) : nil
        }
        if !points.isEmpty { source.add(metric, ["n": "\(series)", "g": "\(series % 2)"], points) }
      }
    }
    return source
  }

  /// All samples, each with its series.
  static func samples(_ all: [LabelledSamples]) -> Set<String> {
    Set(
      all.flatMap { one in
        zip(one.samples.timestamps, one.samples.values).map { "\(one.key) \($0) \($1)" }
      })
  }

  @Test(
    "`and` and `unless` part the left side, `or` adds what the right has alone",
    arguments: UInt64(1)...6, ["", "on(g)", "on()", "ignoring(g)", "ignoring(n)"])
  func partition(seed: UInt64, matching: String) async throws {
    let source = Self.source(seed: seed)
    let ask = { (query: String) in
      Self.samples(try await source.ask(query, from: 0, to: 1140, step: 60))
    }
    let (a, b) = ("last_over_time(a[1m])", "last_over_time(b[1m])")
    let all = try await ask(a)
    let both = try await ask("\(a) and \(matching) \(b)")
    let alone = try await ask("\(a) unless \(matching) \(b)")
    #expect(both.isDisjoint(with: alone))
    #expect(both.union(alone) == all)
    let right = try await ask("\(b) unless \(matching) \(a)")
    #expect(try await ask("\(a) or \(matching) \(b)") == all.union(right))
    // At one moment it is what it is in a range.
    let moment = try await source.ask("\(a) and \(matching) \(b)", at: 300)
    #expect(Self.samples(moment) == both.filter { $0.contains(" 300000000000 ") })
  }

  static let joined: MemorySource = {
    var source = MemorySource()
    source.add("cpu", ["host": "a", "mode": "idle"], [(0, 3)])
    source.add("cpu", ["host": "a", "mode": "user"], [(0, 1)])
    source.add("cpu", ["host": "b", "mode": "idle"], [(0, 8)])
    source.add("info", ["host": "a", "os": "linux", "mode": "x"], [(0, 2)])
    source.add("info", ["host": "b", "os": "bsd"], [(0, 4)])
    return source
  }()

  @Test(
    "many meet one with group_left and group_right, and take labels from it",
    arguments: [
      (
        "cpu * on(host) group_left(os) info",
        [
          "<host=a,mode=idle,os=linux> 6.0", "<host=a,mode=user,os=linux> 2.0",
          "<host=b,mode=idle,os=bsd> 32.0",
        ]
      ),
      (
        "info * on(host) group_right(os) cpu",
        [
          "<host=a,mode=idle,os=linux> 6.0", "<host=a,mode=user,os=linux> 2.0",
          "<host=b,mode=idle,os=bsd> 32.0",
        ]
      ),
      (
        "cpu > on(host) group_left info",
        ["cpu<host=a,mode=idle> 3.0", "cpu<host=b,mode=idle> 8.0"]
      ),
      (
        "info < on(host) group_right() cpu",
        ["cpu<host=a,mode=idle> 2.0", "cpu<host=b,mode=idle> 4.0"]
      ),
      ("cpu{mode=\"idle\"} - on(host) info", ["<host=a> 1.0", "<host=b> 4.0"]),
    ] as [(String, [String])])
  func groups(query: String, expected: [String]) async throws {
    let found = try await Self.joined.ask(query, at: 0)
    #expect(found.map { "\($0.key) \($0.samples.values[0])" } == expected)
  }

  @Test(
    "what is not unique is refused, also where a filter leaves nothing",
    arguments: [
      ("cpu * on(host) info", "many-to-one matching must be explicit"),
      (
        "info > on(host) cpu",
        "found duplicate series for the match group {host=\"a\"} on the right"
      ),
      ("cpu > on(host) info * 100", "many-to-one matching must be explicit"),
      ("cpu * on(host) group_right info", "on the left hand-side"),
      ("cpu * on(host) group_left(mode) info", "grouping labels must ensure unique matches"),
    ])
  func duplicates(query: String, message: String) async throws {
    await #expect {
      try await Self.joined.ask(query, at: 0)
    } throws: { error in
      let error = error as? QueryError
      #expect(error?.message.contains(message) == true, "\(String(describing: error))")
      return error?.code == .evaluation
    }
  }

  @Test("series that follow each other in time count as one")
  func successors() async throws {
    var source = MemorySource()
    source.add("a", ["host": "x"], (0..<6).map { (Double($0) * 60, 10) })
    source.add("b", ["host": "x", "pod": "1"], [(0, 1), (60, 2), (120, StaleMarker.value)])
    source.add("b", ["host": "x", "pod": "2"], [(180, 3), (240, 4), (300, 5)])
    let sums = try await source.ask("a + on(host) b", from: 0, to: 300, step: 60)
    #expect(sums.map(\.samples.values) == [[11, 12, 13, 14, 15]])
    let pods = try await source.ask(
      "a * on(host) group_left(pod) b", from: 0, to: 300, step: 60)
    #expect(pods.map { $0.key.labels["pod"] } == ["1", "2"])
    #expect(pods.map(\.samples.values) == [[10, 20], [30, 40, 50]])
    let reversed = try await source.ask("b - on(host) a", from: 0, to: 300, step: 60)
    #expect(reversed.map(\.samples.values) == [[-9, -8, -7, -6, -5]])
  }

  /// What a series ends with for now.
  private enum StaleMarker {
    static let value = Double(bitPattern: 0x7ff0_0000_0000_0002)
  }
}

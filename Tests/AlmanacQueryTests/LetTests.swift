import AlmanacCore
import AlmanacQuery
import Testing

@Suite("let") struct LetTests {
  let source: MemorySource

  init() {
    var source = MemorySource()
    source.add("memory", ["host": "x"], (0...10).map { (Double($0) * 60, Double($0)) })
    source.add("memory", ["host": "y"], (0...10).map { (Double($0) * 60, Double($0) * 10) })
    self.source = source
  }

  /// The definition that `text` stores.
  static func stored(_ text: String, among lets: [StoredLet] = []) throws -> StoredLet {
    guard case .store(let one)? = try Query(text, lets: lets).steps.first else {
      throw Unexpected()
    }
    return one
  }

  struct Unexpected: Error {}

  func values(_ query: String, lets: [StoredLet] = []) async throws -> [Double] {
    let result = try await Query(query, lets: lets).evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: 600_000_000_000)), series: source,
      models: NoModels(), pool: CallersThread())
    guard case .series(let series) = result.value else { throw Unexpected() }
    return series.flatMap(\.samples.values)
  }

  static func error(_ query: String, lets: [StoredLet] = []) throws -> QueryError {
    do throws(QueryError) {
      _ = try Query(query, lets: lets)
    } catch {
      return error
    }
    throw Unexpected()
  }

  @Test("a definition stands for its body, with arguments in place of parameters")
  func use() async throws {
    #expect(try await values("let x = memory<host=x>; x + 1") == [11])
    #expect(try await values("let more(s, n=2) = s * n; memory<host=x> | more") == [20])
    #expect(try await values("let more(s, n=2) = s * n; more(memory<host=x>, 3)") == [30])
    #expect(try await values("let more(s, n=2) = s * n; memory<host=x> | more(n=1 + 3)") == [40])
    #expect(
      try await values("let a(s, d=1) = s + d; let b(s) = a(s, 5) | a; b(memory<host=x>)") == [16])
    #expect(
      try await values("let last(s, w) = sum_over_time(s[2m]) + w; last(memory<host=x>, 1)") == [20]
    )
  }

  @Test("a default may use the parameters before it")
  func defaults() async throws {
    let text = "let f(s, a=2, b=a * 10) = s + a + b; "
    #expect(try await values(text + "f(memory<host=x>)") == [32])
    #expect(try await values(text + "f(memory<host=x>, 1)") == [21])
    #expect(try await values(text + "f(memory<host=x>, b=0)") == [12])
  }

  @Test("an argument keeps its meaning inside of a body that uses the same name")
  func hygiene() async throws {
    // The s of the outer definition is not the s of the inner one.
    let text = "let inner(s, t) = s - t; let outer(s, t) = inner(t, s); "
    #expect(try await values(text + "outer(memory<host=x>, 100)") == [90])
    // A body keeps its meaning when the name in it is defined anew.
    #expect(
      try await values("let k = 1; let f(s) = s + k; let k = 1000; f(memory<host=x>)") == [11])
    // So does a function of the language under a stored body.
    let kept = try Self.stored("let up@1(s) = abs_like(s)".replacing("abs_like", with: "sum"))
    #expect(try await values("up@1(memory)", lets: [kept]) == [110])
  }

  @Test("operators around arguments and bodies hold together")
  func precedence() async throws {
    #expect(try await values("let twice(s) = 2 * s; twice(memory<host=x> + 1)") == [22])
    #expect(try await values("let sum1(s) = s + 1; sum1(memory<host=x>) * 2") == [22])
    #expect(try await values("let less(s, t) = s - t; less(memory<host=x>, 1 - 2)") == [11])
  }

  @Test("a stored definition has the canonical text with others written out")
  func text() throws {
    let prep = try Self.stored(
      "let prep@3(s, gap=10m)=s|interpolate(max_gap=gap)|deseason(period=[1d,1w])")
    #expect(prep.id == "prep@3")
    #expect(
      prep.text
        == "let prep@3(s, gap=10m) = s | interpolate(max_gap=gap) | deseason(period=[1d, 7d])")
    let other = try Self.stored("let two@1(s) = s | prep@3(gap=1m) | scale", among: [prep])
    #expect(
      other.text
        == "let two@1(s) = s | interpolate(max_gap=1m) | deseason(period=[1d, 7d]) | scale")
    // What was stored reads back to itself.
    #expect(try Self.stored(other.text) == other)
  }

  @Test("another version changes nothing for those who use this one")
  func versions() async throws {
    let first = try Self.stored("let f@1(s) = s + 1")
    let second = try Self.stored("let f@2(s) = s + 2", among: [first])
    #expect(try await values("memory<host=x> | f@1", lets: [first]) == [11])
    #expect(try await values("memory<host=x> | f@1", lets: [first, second]) == [11])
    #expect(try await values("f@2(memory<host=x>)", lets: [first, second]) == [12])
    let user = try Self.stored("let g@1(s) = f@1(s) * 10", among: [first, second])
    // It does not even need the other any more.
    #expect(try await values("g@1(memory<host=x>)", lets: [user]) == [110])
  }

  @Test("the same body is accepted again, another is refused")
  func again() throws {
    let first = try Self.stored("let f@1(s) = s + 1")
    #expect(try Self.stored("let f@1(s)   =   (s + 1)", among: [first]) == first)
    let error = try Self.error("memory; let f@1(s) = s + 2", lets: [first])
    #expect(error.message == "cannot define f@1: it is there with another body")
    #expect(error.hint?.contains("let f@2") == true)
    #expect(error.column == 13)
    // Not after it was dropped, in one script too.
    _ = try Query("drop let f@1; let f@1(s) = s + 2", lets: [first])
  }

  @Test(
    "errors name place and remedy",
    arguments: [
      ("let f@1(s) = f@1(s)", 14, "it uses itself", "earlier"),
      ("let f(s) = f(s)", 12, "it uses itself", "earlier"),
      ("memory | prep@2", 10, "there is no let prep@2", "there is prep@1"),
      ("memory | perp@1", 10, "there is no let perp@1", "did you mean prep?"),
      ("memory | prep(1)", 10, "there is no function prep", "prep@1"),
      ("memory | prep@1(gaps=1m)", 17, "it has no argument gaps", "did you mean gap?"),
      ("memory | prep@1(1m, 2m)", 21, "it takes 2 arguments, got 3", "write prep@1(s, gap=10m)"),
      ("memory | prep@1(1m, gap=2m)", 21, "gap is given twice", "leave one"),
      ("prep@1()", 1, "it needs s", "write prep@1(s, gap=10m)"),
      ("drop let none@1", 1, "there is no let none@1", "show lets"),
      ("show lets memory", 11, "belong to none", "show lets"),
      ("train memory", 7, "no model takes part", "forecast"),
      ("train forecast(memory, 1d) refresh 1s", 1, "a minute", "refresh 1d"),
      // The fault is in the stored body: the error points to its use.
      ("memory | prep@1(gap=\"x\")", 21, "max_gap must be a duration", "max_gap=1h"),
      ("\"text\" | prep@1", 1, "it is a string", "selector"),
      ("(memory | prep@1).lower", 19, "cannot take .lower of grid", "forecast"),
    ])
  func errors(query: String, column: Int, message: String, hint: String) throws {
    let prep = try Self.stored("let prep@1(s, gap=10m) = s | interpolate(max_gap=gap)")
    let error = try Self.error(query, lets: [prep])
    #expect(error.message.contains(message), "\(query): \(error)")
    #expect(error.hint?.contains(hint) == true, "\(query): \(error)")
    #expect(error.line == 1)
    #expect(error.column == column, "\(query): \(error)")
  }

  @Test("an error inside of a stored body names it and points to its use")
  func inside() throws {
    let bad = try Self.stored("let bad@1(s) = s | interpolate(metod=linear)")
    let error = try Self.error("memory\n | bad@1", lets: [bad])
    #expect(error.message.hasSuffix("it has no argument metod (inside bad@1)"))
    #expect(error.line == 2)
    #expect(error.column == 4)
    #expect(error.hint == "did you mean method?")
  }

  @Test("definitions that grow without end are refused")
  func growth() throws {
    var text = "let a0(s) = s + s"
    for level in 1...40 { text += "; let a\(level)(s) = a\(level - 1)(a\(level - 1)(s))" }
    #expect(try Self.error(text + "; a40(memory)").message.contains("too long"))
    var chain = "let b0(s) = s" + String(repeating: " + 1", count: 200)
    for level in 1...5 { chain += "; let b\(level)(s) = b\(level - 1)(b\(level - 1)(s))" }
    #expect(try Self.error(chain + "; b5(memory)").message.contains("too long"))
  }

  @Test("the last query answers, others are checked and said to be left out")
  func last() async throws {
    let query = try Query("memory<host=y>; memory<host=x>")
    let result = try await query.evaluate(
      at: QueryTime(time: Timestamp(nanoseconds: 600_000_000_000)), series: source,
      models: NoModels(), pool: CallersThread())
    #expect(result.warnings == ["line 1: only the last query of a script is worked out"])
    guard case .series(let series) = result.value else { throw Unexpected() }
    #expect(series.map(\.samples.values) == [[10]])
    #expect(throws: QueryError.self) { try Query("memory + \"x\"; memory") }
  }
}

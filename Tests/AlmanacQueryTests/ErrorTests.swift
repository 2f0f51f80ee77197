import Testing

@testable import AlmanacQuery

@Suite("QueryError")
struct ErrorTests {
  static let cases: [RefusedQuery] = [
    RefusedQuery("", 1, "it is empty", "memory<host=x>"),
    RefusedQuery("memory<host=x", 14, "unclosed selector", "with `>`"),
    RefusedQuery("memory{host=x", 14, "unclosed selector", "with `}`"),
    RefusedQuery("a<b != c", 9, "unclosed selector", "write `a < b`"),
    RefusedQuery("memory<host=x>=5", 14, "ambiguous", "put a space before `>=`"),
    RefusedQuery("memory<host=a b>", 15, "found `b`", "needs quotes"),
    RefusedQuery("memory<host=é>", 13, "found `é`", "host=\"x y\""),
    RefusedQuery("memory{host==x}", 12, "found `=`", "single `=`"),
    RefusedQuery("memory{host}", 12, "expected `=`", "host=x"),
    RefusedQuery("memory{host=[a}", 15, "`,` or `]`", "`]`"),
    RefusedQuery("memory<host=x> 7d", 16, "found the duration `7d`", "`forecast(x, 7d)`"),
    RefusedQuery("memory<a=b>{c=d}", 12, "second selector", "into one"),
    RefusedQuery(
      "f(memory", 9, "end of the query, expected `,` or `)`", "line 1, column 2 with `)`"),
    RefusedQuery("(a + b", 7, "expected `)`", "line 1, column 1 with `)`"),
    RefusedQuery("a + b)", 6, "found `)`", "remove this `)`"),
    RefusedQuery("f(x,\n  y]", 2, 4, "found `]`", "line 1, column 2"),
    RefusedQuery("x[5m", 5, "expected `]` or `:`", "with `]`"),
    RefusedQuery("x[1e300]", 3, "expected a duration", "292y"),
    RefusedQuery("x[]", 3, "expected a duration", "[30d]"),
    RefusedQuery("x[5m > 1m]", 3, "cannot be calculated", "step()"),
    RefusedQuery("x[y(1)]", 3, "expected a duration", "[30d]"),
    RefusedQuery("x[5m + y]", 8, "cannot be calculated", "step()"),
    RefusedQuery("x[m]", 3, "expected a duration", "[30d]"),
    RefusedQuery("a = 5", 3, "found `=`", "`==`"),
    RefusedQuery("f(a, (b) = 5)", 10, "found `=`", "`==`"),
    RefusedQuery("a =~ \"b\"", 3, "found `=~`", "selector"),
    RefusedQuery("a < b < c", 7, "do not chain", "(a < b) < c"),
    RefusedQuery("a<b==c", 4, "do not chain", "(a < b) == c"),
    RefusedQuery("x[5min]", 4, "unknown duration unit `min`", "write `5m`"),
    RefusedQuery("x[3q]", 4, "unknown duration unit `q`", "units are"),
    RefusedQuery("x[1h30]", 5, "lacks its unit", "units are"),
    RefusedQuery("5GB", 2, "unknown duration unit `GB`", "write `5Gi`"),
    RefusedQuery("400y", 1, "too long", "292y"),
    RefusedQuery("1e999", 1, "too large", "Inf"),
    RefusedQuery("0x", 1, "lacks its digits", "0x1F"),
    RefusedQuery("f(\"abc", 3, "unterminated string", "`\"`"),
    RefusedQuery("'abc\nd'", 1, "unterminated string", "`'`"),
    RefusedQuery("`abc", 1, "unterminated backtick", "backtick"),
    RefusedQuery("\"a\\q\"", 3, "unknown escape `\\q`", "\\\\"),
    RefusedQuery("\"\\xff\"", 1, "no UTF-8", "\\u00e9"),
    RefusedQuery("f(a=1, b)", 8, "positional argument after the named `a=`", "before `a=`"),
    RefusedQuery("f(a=1, a=2)", 8, "twice", "a=[1, 2]"),
    RefusedQuery("f(a b)", 5, "found `b`", "before `b`"),
    RefusedQuery("(a=1, a=2)", 7, "twice", "list"),
    RefusedQuery("a adn b", 3, "found `adn`", "did you mean `and`?"),
    RefusedQuery("a || b", 3, "`||`", "`or`"),
    RefusedQuery("a && b", 3, "`&&`", "`and`"),
    RefusedQuery("a + ", 5, "end of the query", "too early"),
    RefusedQuery("a | ", 5, "name of a function", "forecast(7d)"),
    RefusedQuery("| f", 1, "found `|`", "a value before it"),
    RefusedQuery("a + “x”", 5, "`“`", "straight quotes"),
    RefusedQuery("a ? b", 3, "`?`", "quotes"),
    RefusedQuery("memory .lower", 8, "after a bracket", "(memory).lower"),
    RefusedQuery("x | decompose.trend", 14, "after a bracket", "decompose().trend"),
    RefusedQuery("{}", 1, "without metric and labels", "{host=x}"),
    RefusedQuery("<host=x>", 1, "found `<`", "{host=x}"),
    RefusedQuery("a + bool b", 5, "no comparison", "remove `bool`"),
    RefusedQuery("a and on(x) group_left(y) b", 13, "found `group_left`", "many to many"),
    RefusedQuery("a * group_left(y) b", 5, "found `group_left`", "on(host)"),
    RefusedQuery("a * on b", 8, "`(` and labels", "on(host)"),
    RefusedQuery("sum by host (x)", 8, "`(` and labels", "by (host)"),
    RefusedQuery("sum by (a) (x) by (b)", 16, "two groupings", "keep"),
    RefusedQuery("x by (a)", 3, "found `by`", "sum by"),
    RefusedQuery("x @ tomorrow", 5, "expected a time", "@ -7d"),
    RefusedQuery("x offset y", 10, "expected a duration", "offset 1w"),
    RefusedQuery("x @ +end", 6, "expected a number or a duration", "@ -7d"),
    RefusedQuery("a : b", 3, "found `:`", "operator"),
    RefusedQuery("a + : b", 5, "found `:`", "a value"),
    RefusedQuery("let atan2 = x", 5, "word of the language", "my_atan2"),
    RefusedQuery(
      "x anchored", 3, "`anchored` after a selector without a window", "memory[5m] anchored"),
    RefusedQuery("x[1h:] smoothed", 8, "`smoothed` after this", "memory[5m] smoothed"),
    RefusedQuery("x[1h] smoothed anchored", 16, "`anchored` after this", "memory[5m] anchored"),
    RefusedQuery("a + fill(0) fill_left(1) b", 13, "one side is filled twice", "fill_right(1)"),
    RefusedQuery("a and fill(0) b", 7, "matches no values", "remove `fill(...)`"),
    RefusedQuery("or(x)", 1, "word of the language", "backticks"),
    RefusedQuery("let sum = x", 5, "word of the language", "my_sum"),
    RefusedQuery("let f(s, s) = s", 10, "twice", "rename"),
    RefusedQuery("let f(s = x", 12, "`,` or `)`", "column 6"),
    RefusedQuery("let f(s) s", 10, "expected `=`", "let f = x"),
    RefusedQuery("let f(s) = s<a=b>", 13, "a parameter here", "backticks"),
    RefusedQuery("let f(s) = s{a=b}", 13, "a parameter here", "backticks"),
    RefusedQuery("show modles", 6, "`models`", "did you mean `models`?"),
    RefusedQuery("show series 5", 13, "takes a selector", "show series memory<host=x>"),
    RefusedQuery("drop modle x", 6, "`model`, `let` or `feedback`", "did you mean `model`?"),
    RefusedQuery("cancel 1.5", 8, "whole number", "show jobs"),
    RefusedQuery("train x refresh 5", 17, "expected a duration", "refresh 1d"),
    RefusedQuery("a;;b", 3, "found `;`", "before `;`"),
    RefusedQuery("é\n\n  + `日` ?", 1, 1, "`é`", "backticks"),
    RefusedQuery("`日本`\n + `e\u{301}` ?", 2, 8, "`?`", "quotes"),
  ]

  @Test("errors say what, where and what to write instead", arguments: cases)
  func errors(example: RefusedQuery) {
    example.expectError(stage: "parse") { _ = try Parser.parse($0) }
  }

  @Test("nesting up to the limit is read, beyond it is an error")
  func nesting() throws {
    func nested(_ open: String, _ close: String, _ count: Int) -> String {
      String(repeating: open, count: count) + "x" + String(repeating: close, count: count)
    }
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("-", ""), ("2^", ""), ("(a=", ")")]
    {
      let script = try Parser.parse(nested(open, close, 99))
      #expect(try Parser.parse(Printer().print(script)).isSameTree(as: script))
      #expect(throws: QueryError.self) { try Parser.parse(nested(open, close, 100)) }
      #expect(throws: QueryError.self) { try Parser.parse(nested(open, close, 15_000)) }
    }
  }

  @Test("chains up to the limit are read, beyond it are an error", arguments: ["+x", "|x", "[5m]"])
  func chains(link: String) throws {
    let script = try Parser.parse("x" + String(repeating: link, count: 249))
    #expect(try Parser.parse(Printer().print(script)).isSameTree(as: script))
    #expect(throws: QueryError.self) {
      try Parser.parse("x" + String(repeating: link, count: 250))
    }
  }

  @Test("a text over 64 KiB is an error, one of 64 KiB is not")
  func length() throws {
    _ = try Parser.parse("x" + String(repeating: " ", count: Parser.maximumLength - 1))
    #expect(throws: QueryError.self) {
      try Parser.parse("x" + String(repeating: " ", count: Parser.maximumLength))
    }
  }

  @Test(
    "64 KiB of one thing are read or refused at once",
    arguments: [
      "f(a0=1,", "(", "a<b=", "[", "x|", "let f(a=", "1h", "\"\\", "a.b", "é<", "`", "-", "a@1(",
    ])
  func longTexts(part: String) {
    var text = ""
    while text.utf8.count + part.utf8.count <= Parser.maximumLength { text += part }
    #expect(ContinuousClock().measure { _ = try? Parser.parse(text) } < .seconds(2))
  }

  @Test("thousands of arguments are read in linear time")
  func manyArguments() throws {
    let arguments = (0..<7_000).map { "a\($0)=1" }.joined(separator: ",")
    let elapsed = try ContinuousClock().measure { _ = try Parser.parse("f(\(arguments))") }
    #expect(elapsed < .seconds(2))
  }

  @Test("the nearest name is suggested, a far one is not")
  func suggestions() {
    let names = ["forecast", "outliers", "rate", "irate"]
    #expect(Suggestion.nearest(to: "forcast", in: names) == "forecast")
    #expect(Suggestion.nearest(to: "froecast", in: names) == "forecast")
    #expect(Suggestion.nearest(to: "Rate", in: names) == "rate")
    #expect(Suggestion.nearest(to: "raet", in: names) == "rate")
    #expect(Suggestion.nearest(to: "memory", in: names) == nil)
    #expect(Suggestion.nearest(to: "", in: names) == nil)
    #expect(Suggestion.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
    #expect(Suggestion.distance([], Array("abc".utf8)) == 3)
  }

  @Test("an error prints as one line")
  func prints() {
    #expect(throws: QueryError.self) { try Parser.parse("a = 5") }
    let error = QueryError(code: .name, message: "m", stage: "plan", hint: "h")
    #expect(error.description == "m (h)")
    #expect(error.line == nil)
    var other = error
    #expect(other == error)
    other.stage = "stage 3 `scale`"
    #expect(other != error)
    #expect(error.stage == "plan")
  }
}

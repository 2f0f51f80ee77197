import Testing

@testable import AlmanacQuery

@Suite("Parser and Printer")
struct ParserTests {
  @Test("the document's queries are read and printed", arguments: Examples.questions)
  func questions(question: Examples.Question) throws {
    let script = try Parser.parse(question.text)
    #expect(Printer().print(script) == question.printed)
    #expect(try Parser.parse(question.printed).isSameTree(as: script))
  }

  static let accepted: [(text: String, printed: String)] = [
    ("memory", "memory"),
    ("memory{}", "memory<>"),
    ("memory<>", "memory<>"),
    ("memory{host=\"x\", env=\"a b\",}", "memory<host=x, env=\"a b\">"),
    ("memory {host='x'}", "memory<host=x>"),
    ("{__name__=\"x\"}", "{__name__=x}"),
    ("{\"my metric\", \"a.b\"!~`x.*`}", "`my metric`{\"a.b\"!~\"x.*\"}"),
    (
      "cpu.total<host=[a, \"b c\"], n=5, t=3am, u=10.0.0.1/8>",
      "cpu.total<host=[a, \"b c\"], n=5, t=3am, u=10.0.0.1/8>"
    ),
    ("`a metric`<host=x>", "`a metric`<host=x>"),
    ("x<a=~web.*>", "x<a=~\"web.*\">"),
    ("x<a=\"\">", "x<a=\"\">"),
    ("x<a=`b`>", "x<a=b>"),
    ("1 + 2 * 3 ^ 4 ^ 5", "1 + 2 * 3 ^ 4 ^ 5"),
    ("(1 + 2) * 3", "(1 + 2) * 3"),
    ("a - (b - c) - d", "a - (b - c) - d"),
    ("-2^2", "-2 ^ 2"),
    ("(-2)^2", "(-2) ^ 2"),
    ("--2", "2"),
    ("-a * +b", "-a * +b"),
    ("2 ^ -3 * 4", "2 ^ -3 * 4"),
    ("a or b and c unless d", "a or b and c unless d"),
    ("(a or b) and c", "(a or b) and c"),
    ("a and (b unless c)", "a and (b unless c)"),
    ("(a < b) < c", "(a < b) < c"),
    ("a < bool b", "a < bool b"),
    ("a > bool on(x) b", "a > bool on(x) b"),
    ("a * on (x, y) group_left (z) b", "a * on(x, y) group_left(z) b"),
    ("a / ignoring(x) group_right b", "a / ignoring(x) group_right() b"),
    ("a and on() b", "a and on() b"),
    ("a AND b OR c", "a and b or c"),
    ("SUM BY (x) (rate(http_total[5m]))", "sum by (x) (rate(http_total[5m]))"),
    ("sum(x) without (a,)", "sum without (a) (x)"),
    ("topk(5, x)", "topk(5, x)"),
    ("count_values(\"v\", x)", "count_values(\"v\", x)"),
    ("x | topk(5) by (host) | avg", "x | topk(5) by (host) | avg"),
    ("x | sum by (host)", "x | sum by (host)"),
    ("quantile(0.9, x) > 0x1F", "quantile(0.9, x) > 31"),
    ("x offset -1h30m", "x offset -1h30m"),
    ("x OFFSET 5m @ 100", "x offset 5m @ 100"),
    ("x @ start()", "x @ start"),
    ("x @ end() offset 5m", "x @ end offset 5m"),
    ("x[5m:] @ now", "x[5m:] @ now"),
    ("x @ -7d", "x @ -7d"),
    ("x @ -1.5", "x @ -1.5"),
    ("x @ +7d", "x @ +7d"),
    ("x @ 1m40s", "x @ 100"),
    ("x @ START()", "x @ start"),
    ("x[90] offset -0.5", "x[1m30s] offset -500ms"),
    ("x[0x10:5]", "x[16s:5s]"),
    (":a:b{c=\"d\"} + sum(:e)", "`:a:b`<c=d> + sum(`:e`)"),
    ("a atan2 b * c", "a atan2 b * c"),
    ("a ATAN2 on(x) group_left() (b * c)", "a atan2 on(x) group_left() (b * c)"),
    ("explain atan2 x", "`explain` atan2 x"),
    ("atan2 + 1", "`atan2` + 1"),
    ("true{} + auto{}", "`true`<> + `auto`<>"),
    ("{`a b`, `c d`=\"e\"}", "`a b`{\"c d\"=e}"),
    ("sum by (`a b`, 'c') (x)", "sum by (\"a b\", c) (x)"),
    ("x @ '2026-01-01T00:00:00Z'", "x @ \"2026-01-01T00:00:00Z\""),
    ("x[1h30m:5m]", "x[1h30m:5m]"),
    ("(a + b)[5m]", "(a + b)[5m]"),
    ("(memory).lower", "(memory).lower"),
    ("memory<>.lower", "memory<>.lower"),
    ("memory[5m].lower", "memory[5m].lower"),
    ("f(x).trend.lower", "f(x).trend.lower"),
    ("x | f().trend | g", "x | f().trend | g"),
    ("(x | f(1)) + 1", "(x | f(1)) + 1"),
    ("x | f@3 @ 5", "x | f@3() @ 5"),
    ("x | f @ 3", "x | f() @ 3"),
    ("prep@3(x)", "prep@3(x)"),
    ("prep@3", "prep @ 3"),
    ("f((x | g), [(x | g), 2])", "f(x | g, [(x | g), 2])"),
    ("f(a=x | g, b=(c=1))", "f(a=x | g, b=(c=1))"),
    ("f(auto, none, true, false)", "f(auto, none, true, false)"),
    ("f()", "f()"),
    ("[]", "[]"),
    (
      "label_replace(up, \"a\", `$1`, 'b', `(.*)`)", "label_replace(up, \"a\", `$1`, \"b\", `(.*)`)"
    ),
    ("Inf + -inf + NaN", "Inf + -Inf + NaN"),
    ("1e3 + .5 + 1.50 + 5. + 1_000 + 1e-7", "1000 + 0.5 + 1.5 + 5 + 1000 + 1e-07"),
    ("1Ki + 2Mi + 8Gi + 1Ti", "1024 + 2097152 + 8589934592 + 1099511627776"),
    (
      "90s + 1w + 1mo + 1y + 1.5h + 100ms + 7us + 3ns + 0s",
      "1m30s + 7d + 30d + 365d + 1h30m + 100ms + 7us + 3ns + 0s"
    ),
    ("\"a\\n\\x41\\101\\u00e9\\U0001F642\\\"'\"", "\"a\\nAAé🙂\\\"'\""),
    ("'it\\'s \"x\"'", "\"it's \\\"x\\\"\""),
    ("a # comment < \" ` \n + b", "a + b"),
    ("let x = 5; x + y", "let x = 5; x + y"),
    ("let f(s) = s<3; f(m)", "let f(s) = s < 3; f(m)"),
    ("let f(s, g=s.a) = s.lower | h(g)", "let f(s, g=s.a) = s.lower | h(g)"),
    (
      "let memory = memory<a=b>; memory<a=c> + memory.lower;",
      "let memory = memory<a=b>; memory<a=c> + memory.lower"
    ),
    ("explain analyze x", "explain analyze x"),
    ("explain analyze", "explain `analyze`"),
    ("explain", "`explain`"),
    ("explain + 1", "explain 1"),
    ("train<host=x>", "`train`<host=x>"),
    ("train {host=x}", "train {host=x}"),
    ("let + show / drop", "`let` + `show` / `drop`"),
    ("show models", "show models"),
    ("show series memory<host=x>", "show series memory<host=x>"),
    ("show lets {a=b}", "show lets {a=b}"),
    ("cancel 7", "cancel 7"),
    ("drop model \"a-1\"", "drop model \"a-1\""),
    ("drop let prep@3", "drop let prep@3"),
    ("on or by", "`on` or `by`"),
    ("sum + max", "sum + max"),
  ]

  @Test("texts are read and printed in canonical form", arguments: accepted)
  func accepts(text: String, printed: String) throws {
    let script = try Parser.parse(text)
    #expect(Printer().print(script) == printed)
    #expect(try Parser.parse(printed).isSameTree(as: script))
  }

  static let aboutAngles: [(text: String, printed: String)] = [
    ("a < b", "a < b"),
    ("a<b", "a < b"),
    ("a<b + 1", "a < b + 1"),
    ("a<b=c>", "a<b=c>"),
    ("a<>", "a<>"),
    ("a< >", "a<>"),
    ("a< b = c >", "a<b=c>"),
    ("a<b<host=x>", "a < b<host=x>"),
    ("memory<host=x>>5", "memory<host=x> > 5"),
    ("memory<host=x>>=5", "memory<host=x> >= 5"),
    ("memory<host=x>==5", "memory<host=x> == 5"),
    ("memory<host=x> >=5", "memory<host=x> >= 5"),
    ("memory<host=x><5", "memory<host=x> < 5"),
    ("memory{host=x}<5", "memory<host=x> < 5"),
    ("a<b!=c>", "a<b!=c>"),
    ("a<b=~\"c>\">", "a<b=~\"c>\">"),
    ("5<b", "5 < b"),
    ("(a)<b", "a < b"),
    ("f(a)<b", "f(a) < b"),
    ("a[5m]<b", "a[5m] < b"),
    ("a.b<c=d>", "a.b<c=d>"),
    ("a<=b", "a <= b"),
    ("f(a<b, c=d)", "f(a < b, c=d)"),
    ("f(a=b<c=d>, h=e<f=g>)", "f(a=b<c=d>, h=e<f=g>)"),
    ("(a<b) != c", "(a < b) != c"),
  ]

  @Test("`<` and `>` follow the rules of section 4", arguments: aboutAngles)
  func angles(text: String, printed: String) throws {
    #expect(Printer().print(try Parser.parse(text)) == printed)
  }

  @Test("the keep style prints selectors as typed")
  func keeps() throws {
    let text = "sum(memory{host=\"x\", env=y}) + memory<host=\"x\">"
    let script = try Parser.parse(text)
    #expect(Printer(style: .keep).print(script) == text)
    #expect(Printer().print(script) == "sum(memory<host=x, env=y>) + memory<host=x>")
  }

  @Test("a pipe is the same tree as the call")
  func pipes() throws {
    let pipe = try Parser.parseExpression("x | f(1, a=2) | sum by (h)")
    let call = try Parser.parseExpression("sum by (h) (f(x, 1, a=2))")
    #expect(pipe.isSameTree(as: call))
    #expect(pipe != call)
    #expect(try !pipe.isSameTree(as: Parser.parseExpression("sum by (h) (f(x, 2, a=2))")))
  }

  @Test("names of parameters and earlier definitions are references")
  func references() throws {
    let script = try Parser.parse("let f(s) = s.lower + t; f; t; f<a=b>")
    guard case .define(let node) = script.statements[0], case .binary(let sum) = node.body,
      case .projection(let part) = sum.left, case .reference(let name) = part.base,
      case .selector = sum.right, case .query(.reference(let second)) = script.statements[1],
      case .query(.selector) = script.statements[2], case .query(.selector) = script.statements[3]
    else {
      Issue.record("another tree: \(script)")
      return
    }
    #expect(name.name == "s")
    #expect(second.name == "f")
  }

  @Test("every node knows the text it was read from")
  func positions() throws {
    let source = "`é` |\n  f(a + b<h=x>[5m] , k = (-3)).lower offset 1d"
    let tree = try Parser.parseExpression(source)
    guard case .offset(let offset) = tree, case .projection(let part) = offset.base,
      case .call(let call) = part.base, case .binary(let sum) = call.arguments[1].value,
      case .window(let window) = sum.right, case .selector(let selector) = window.base
    else {
      Issue.record("another tree: \(tree)")
      return
    }
    #expect(tree.range.text(in: source) == source)
    #expect(part.nameRange.text(in: source) == "lower")
    #expect(call.nameRange.text(in: source) == "f")
    #expect(call.nameRange.start == SourcePosition(offset: 9, line: 2, column: 3))
    #expect(call.arguments[0].range.text(in: source) == "`é`")
    #expect(call.arguments[0].range.end.column == 4)
    #expect(sum.range.text(in: source) == "a + b<h=x>[5m]")
    #expect(sum.operatorRange.text(in: source) == "+")
    #expect(window.range.text(in: source) == "b<h=x>[5m]")
    #expect(selector.range.text(in: source) == "b<h=x>")
    #expect(selector.matchers[0].range.text(in: source) == "h=x")
    #expect(selector.matchers[0].values[0].range.text(in: source) == "x")
    #expect(call.arguments[2].range.text(in: source) == "k = (-3)")
    #expect(call.arguments[2].value.range.text(in: source) == "-3")
  }
}

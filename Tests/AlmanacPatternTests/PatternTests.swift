import AlmanacTesting
import Testing

@testable import AlmanacPattern

@Suite("Pattern")
struct PatternTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var pattern: String
    var matching: [String]
    var others: [String]
    var testDescription: String { pattern }

    init(_ pattern: String, _ matching: [String], not others: [String]) {
      self.pattern = pattern
      self.matching = matching
      self.others = others
    }
  }

  static let cases = [
    // Anchored at both ends, alternatives too.
    Case("web", ["web"], not: ["web1", "a-web", "", "WEB"]),
    Case("a|bc", ["a", "bc"], not: ["ab", "abc", "c", "", "a|bc"]),
    Case("(a|bc)", ["a", "bc"], not: ["abc", "(a"]),
    Case("(?:a|bc)", ["a", "bc"], not: ["abc"]),
    Case("a|", ["a", ""], not: ["a|", "b"]),
    Case("", [""], not: ["a"]),
    Case("^web$", ["web"], not: ["web1", "^web$"]),
    Case("a|b.*", ["a", "b", "bcd"], not: ["ab", "abc"]),
    Case(#"10\.0\.0\.1|10\.0\.0\.2"#, ["10.0.0.1", "10.0.0.2"], not: ["10a0.0.1"]),
    Case(#"a\-b"#, ["a-b"], not: ["a\\-b"]),
    // What is compared without RE2.
    Case(".*", ["", "x", "a\nb"], not: []),
    Case(".+", ["x", "\n", "é"], not: [""]),
    Case(".+.+", ["ab", "éé", "abc"], not: ["a", "é", ""]),
    Case(".*.+", ["a"], not: [""]),
    Case("web-.*", ["web-", "web-1", "web-1\nx"], not: ["web", "xweb-", ""]),
    Case("web-.+", ["web-1", "web-é"], not: ["web-", "web"]),
    Case(".*foo", ["foo", "xfoo", "foofoo"], not: ["foox", "fo", ""]),
    Case(".+foo", ["xfoo", "foofoo", "éfoo"], not: ["foo"]),
    Case(".*foo.*", ["foo", "xfoox", "fofoo"], not: ["fo", "f oo", ""]),
    Case(".+foo.+", ["xfoox", "foofoofoo"], not: ["foo", "xfoo", "foox", "foofoo"]),
    Case(".+foo.*", ["xfoo", "foofoo", "xfoox"], not: ["foo", "foox"]),
    Case(#".*\..*"#, ["a.b", "."], not: ["ab", ""]),
    Case(#"a\.*"#, ["a", "a.", "a..."], not: ["ab"]),
    Case(#"a\\.*"#, [#"a\"#, #"a\b"#], not: ["a", "a.b"]),
    // RE2's and Go's own.
    Case("a.c", ["abc", "aéc", "a\nc"], not: ["ac", "abbc"]),
    Case("(?-s)a.c", ["abc"], not: ["a\nc"]),
    Case("(?i)web", ["web", "WEB", "wEb"], not: ["we"]),
    Case("(?i:w)eb", ["Web"], not: ["WEB"]),
    Case("h[0-9]{2,3}", ["h12", "h123"], not: ["h1", "h1234"]),
    Case(#"\d+"#, ["0", "42"], not: ["", "a", "٣"]),
    Case(#"\w+\s\S"#, ["ab c"], not: ["é c"]),
    Case("[[:alpha:]]+", ["abc"], not: ["a1"]),
    Case(#"\pL+"#, ["éa", "日本"], not: ["1"]),
    Case(#"\p{Greek}"#, ["π"], not: ["p"]),
    Case(#"\Qa.b\E+"#, ["a.b", "a.bb"], not: ["axb"]),
    Case(#"\x41\x{42}"#, ["AB"], not: ["ab"]),
    Case("(?P<name>a)b", ["ab"], not: ["a"]),
    Case("[^a]", ["b", "é", "\n"], not: ["a", "", "bb"]),
    Case("é+", ["é", "éé"], not: ["e\u{301}"]),
    Case(#"\bfoo\b"#, ["foo"], not: ["foo "]),
    Case("a*?", ["", "aaa"], not: ["b"]),
    Case("(?m)^a$", ["a"], not: ["a\nb"]),
  ]

  @Test("a pattern matches whole values as Prometheus says", arguments: cases)
  func semantics(example: Case) throws {
    let pattern = try Pattern(example.pattern)
    for value in example.matching { #expect(pattern.matches(value), "\(value)") }
    for value in example.others { #expect(!pattern.matches(value), "\(value)") }
  }

  @Test(
    "what is no pattern, or looks back or ahead, or is too large, is an error with a reason",
    arguments: [
      "(", ")", "a)(b", "[", "[z-a]", "*a", "a**", "a{2,1}", "a{1001}", #"\"#, #"(a)\1"#, "(?=a)",
      "(?!a)", "(?<=a)b", "a++", #"\pX"#, #"(\pL{100}){10}"#, "((a{100}){100}){100}",
      String(repeating: #"\pL"#, count: 200),
    ])
  func errors(text: String) {
    #expect {
      try Pattern(anyOf: ["a", text])
    } throws: { error in
      guard let error = error as? PatternError else { return false }
      return error.index == 1 && !error.reason.isEmpty
    }
  }

  @Test("one of several patterns is enough, and flags of one do not reach the next")
  func several() throws {
    let pattern = try Pattern(anyOf: ["(?i)a", "b.*", "c|d"])
    for value in ["a", "A", "b", "bB", "c", "d"] { #expect(pattern.matches(value)) }
    for value in ["C", "B", "e", "", "ab"] { #expect(!pattern.matches(value)) }
    #expect(try Pattern(anyOf: ["b|a", "c", "a"]).words == ["a", "b", "c"])
    #expect(try Pattern(anyOf: ["a", "b.*"]).words == nil)
    #expect(try !Pattern(anyOf: []).matches(""))
  }

  @Test("the range of a pattern is narrow where it begins with text")
  func ranges() throws {
    let range = try #require(try Pattern("h0001[0-9]{2}").range())
    #expect(range.lower.starts(with: Array("h0001".utf8)))
    #expect(range.upper.starts(with: Array("h0001".utf8)))
    let prefix = try #require(try Pattern("web-.*").range())
    #expect(prefix == ClosedByteRange(lower: Array("web-".utf8), upper: Array("web.".utf8)))
    #expect(try Pattern(".*web").range() == nil)
  }

  @Test(
    "fast ways match as RE2 does, and every match lies in the range",
    arguments: 0..<60 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let parts = [
      "a", "b", "é", "日", "-", ".", ".*", ".+", "a*", "b?", "[ab]", "[^a]", "(a|b)", "(?i:A)", "|",
      #"\."#, "a{2}", "(ab)+", "^", "$", "zz", "()",
    ]
    let letters = ["a", "b", "A", "é", "日", "-", ".", "\n", "z"]
    for _ in 0..<40 {
      let text = (0..<Int.random(in: 0...5, using: &random))
        .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      guard let compiled = try? CompiledPattern(text) else { continue }
      let pattern = try Pattern(text)
      let range = pattern.range()
      for _ in 0..<60 {
        var value = (0..<Int.random(in: 0...6, using: &random))
          .map { _ in letters.randomElement(using: &random) ?? "" }.joined()
        let expected = value.withUTF8 { compiled.matches(UnsafeRawBufferPointer($0)) }
        let found = pattern.matches(value)
        #expect(found == expected, "\(text) on \(value)")
        if expected, let range {
          let bytes = Array(value.utf8)
          #expect(!bytes.lexicographicallyPrecedes(range.lower), "\(text) on \(value)")
          #expect(!range.upper.lexicographicallyPrecedes(bytes), "\(text) on \(value)")
        }
      }
    }
  }

  @Test(
    "patterns that make engines which backtrack hang are answered at once",
    arguments: [
      "(a+)+b", "(a|a)*b", "(a*)*c", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)(.*)x", "(a|aa)+$b",
      "(a?){200}a{200}", "(.*a){20}b", "(a|b|ab)*c", "[a-z]*[a-z]*[a-z]*[a-z]*0", ".*a.{200}",
    ])
  func pathological(text: String) throws {
    let pattern = try Pattern(text)
    let values = [
      String(repeating: "a", count: 65_000), String(repeating: "xa", count: 30_000) + "y",
      String(repeating: "ab", count: 30_000) + "!",
    ]
    let elapsed = ContinuousClock().measure {
      for value in values { _ = pattern.matches(value) }
    }
    #expect(elapsed < .seconds(2))
  }

  @Test("many threads match with one pattern at once")
  func threads() async throws {
    let pattern = try Pattern("(a|b)+[0-9]{3}")
    await withTaskGroup(of: Bool.self) { group in
      for thread in 0..<4 {
        group.addTask {
          (0..<2_000).allSatisfy {
            pattern.matches("ab\(100 + $0 % 900)") && !pattern.matches("ab\(thread)")
          }
        }
      }
      for await isRight in group { #expect(isRight) }
    }
  }
}

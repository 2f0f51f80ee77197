import AlmanacPattern
import Testing

@Suite("LabelMatcher")
struct LabelMatcherTests {
  @Test("each condition passes what it says, byte for byte")
  func conditions() throws {
    let pattern = try Pattern("web-.*|")
    let cases: [(LabelMatcher.Condition, passing: [String], failing: [String])] = [
      (.equal("é"), ["é"], ["", "e\u{301}", "éé"]),
      (.equal(""), [""], ["a"]),
      (.notEqual("é"), ["", "e\u{301}"], ["é"]),
      (.oneOf(["a", ""]), ["a", ""], ["b"]),
      (.oneOf([]), [], ["", "a"]),
      (.noneOf(["a", ""]), ["b"], ["a", ""]),
      (.matches(pattern), ["web-1", ""], ["web"]),
      (.notMatches(pattern), ["web"], ["web-1", ""]),
    ]
    for (condition, passing, failing) in cases {
      let matcher = LabelMatcher(name: "host", condition)
      for value in passing { #expect(matcher.passes(value), "\(condition) \(value)") }
      for value in failing { #expect(!matcher.passes(value), "\(condition) \(value)") }
      #expect(matcher.acceptsAbsent == passing.contains(""))
    }
  }
}

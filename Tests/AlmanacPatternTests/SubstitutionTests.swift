import Testing

@testable import AlmanacPattern

@Suite struct SubstitutionTests {
  @Test(
    "groups are put where the template names them",
    arguments: [
      ("(.*)-(.*)", "$2/$1", "a-b", "b/a"), ("(?P<host>.*):.*", "${host}!", "x:1", "x!"),
      ("(a)|(b)", "[$1$2]", "b", "[b]"), (".*", "$0", "é", "é"), (".*", "$$1 $", "x", "$1 $"),
      ("(.*)", "$1x", "a", ""), ("(.*)", "${1}x", "a", "ax"), ("(.*)", "$9${no}", "a", ""),
      ("(.*)", "${1", "a", "${1"), ("", "empty", "", "empty"), ("(.*)", "<$1>", "", "<>"),
    ])
  func groups(pattern: String, template: String, text: String, expected: String) throws {
    let substitution = try Substitution(pattern: pattern, template: template)
    #expect(substitution.apply(to: text) == expected)
  }

  @Test("the whole text must match")
  func whole() throws {
    let substitution = try Substitution(pattern: "b.*", template: "x")
    #expect(substitution.apply(to: "ab") == nil)
    #expect(substitution.apply(to: "ba") == "x")
  }

  @Test("what is no regular expression is an error with its reason")
  func wrong() {
    #expect(throws: PatternError.self) { try Substitution(pattern: "(.*", template: "") }
  }
}

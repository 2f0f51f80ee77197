import AlmanacCore
import AlmanacPattern
import Testing

@testable import AlmanacQuery

@Suite("Selectors in plans")
struct SelectorPlanTests {
  private static func matchers(_ text: String) throws -> [LabelMatcher] {
    guard case .select(let selection) = try Planner.plan(try Parser.parse(text)) else {
      Issue.record("\(text) is no selection")
      return []
    }
    return selection.matchers
  }

  @Test("a selector becomes one matcher for the metric and one for each condition")
  func matchers() throws {
    let found = try Self.matchers(
      #"memory{host=x, dc!=[a, b], os=[c, d], pool=~["a.*", "(?i)b"], rack!~"1.|2"}"#)
    #expect(found.map(\.name) == [SeriesKey.metricLabel, "host", "dc", "os", "pool", "rack"])
    let passing = [["memory"], ["x"], ["c", ""], ["c", "d"], ["ab", "B"], ["3", "21", ""]]
    let failing = [["mem"], ["", "xx"], ["a", "b"], ["", "a"], ["A", "c", ""], ["12", "2"]]
    for (matcher, (values, others)) in zip(found, zip(passing, failing)) {
      for value in values { #expect(matcher.passes(value), "\(matcher.name) \(value)") }
      for value in others { #expect(!matcher.passes(value), "\(matcher.name) \(value)") }
    }
  }

  @Test(
    "a pattern that cannot be read is an error with its place, its reason and a hint",
    arguments: [
      (#"memory{host=~"("}"#, 14, "missing"), (#"memory{host!~["a", "(?=b)"]}"#, 20, "invalid"),
      (#"memory{host=~"*a"}"#, 14, "repetition"), (#"memory{host=~"\\1"}"#, 14, "escape"),
    ])
  func badPattern(text: String, column: Int, reason: String) {
    #expect {
      try Planner.plan(try Parser.parse(text))
    } throws: { error in
      guard let error = error as? QueryError else { return false }
      #expect(error.code == .parse)
      #expect(error.stage == "plan")
      #expect(error.column == column, "\(error)")
      #expect(error.message.contains("cannot read the regular expression"), "\(error)")
      #expect(error.message.contains(reason), "\(error)")
      #expect(error.hint?.contains("special character") == true)
      return true
    }
  }
}

import Foundation
import Testing

@Suite("Scripts of Prometheus' tests")
struct PromQLScriptTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static let folder = environment["ALMANAC_PROMQLTEST"]
  /// The share of the evaluations that must pass.
  private static let share = 0.98

  @Test(
    "most evaluations come to what they come to in Prometheus",
    .enabled(
      if: folder != nil,
      "the scripts are absent: set ALMANAC_PROMQLTEST to Prometheus' promql/promqltest/testdata"
    ))
  func compliance() async throws {
    let folder = URL(filePath: try #require(Self.folder))
    let only = Self.environment["ALMANAC_PROMQLTEST_FILE"]
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "test" && $0.lastPathComponent != "native_histograms.test" }
      .filter { only == nil || $0.lastPathComponent == only }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    var table = "| File | Evaluations | Passed | Failed | Of native histograms |\n"
    table += "|---|---:|---:|---:|---:|\n"
    var (evaluations, passed, ofHistograms) = (0, 0, 0)
    for file in files {
      var run = PromQLScriptRun()
      await run.run(try PromQLScript(try String(contentsOf: file, encoding: .utf8)))
      let name = file.deletingPathExtension().lastPathComponent
      table += "| \(name) | \(run.evaluations) | \(run.passed) | \(run.failures.count)"
      table += " | \(run.ofHistograms) |\n"
      evaluations += run.evaluations
      passed += run.passed
      ofHistograms += run.ofHistograms
      if Self.environment["ALMANAC_PROMQLTEST_FAILURES"] != nil {
        for failure in run.failures {
          print("\(file.lastPathComponent):\(failure.line): \(failure.expression)")
          print("    \(failure.reason)")
        }
      }
    }
    table += "| all | \(evaluations) | \(passed) | \(evaluations - passed) | \(ofHistograms) |"
    print(table)
    try #require(evaluations > 0)
    if only == nil { #expect(Double(passed) >= Self.share * Double(evaluations)) }
  }

  /// Why the evaluations of a script fail, in order.
  private func reasons(_ text: String) async throws -> [String] {
    var run = PromQLScriptRun()
    await run.run(try PromQLScript(text))
    return run.failures.map { "\($0.line): \($0.reason)" }
  }

  private static let series = """
    load 30s
      pot{herb="mint"} 1 2 3 _ 5 stale
      pot{herb="dill"} 10+5x3 -1-1x1
      # this is no series

    """

  @Test("a script whose expectations hold has no failures")
  func holds() async throws {
    let reasons = try await reasons(
      Self.series + """
        eval instant at 1m pot
          pot{herb="dill"} 20
          {__name__="pot", herb='mint'} 3

        eval instant at 150s pot
          pot{herb="dill"} -2

        eval range from 0 to 2m step 1m pot * 2
          expect no_warn
          {herb="mint"} 2 6 10
          {herb="dill"} 20 40 -2

        eval range from 0 to 2m step 2m pot{herb="mint"} < 2
          pot{herb="mint"} 1 _

        eval instant at 90s pot{herb="mint"}[90s]
          expect range vector from 30s to 60s step 30s
          pot{herb="mint"} 2 3

        eval instant at 0 1 / 3
          0.33333333

        eval instant at 0 "tea"
          expect string "tea"

        eval_fail instant at 0 pot +

        eval instant at 0 rate(pot)
          expect fail msg: whatever

        eval_ordered instant at 0 pot
          pot{herb="dill"} 10
          pot{herb="mint"} 1

        clear

        eval instant at 1m pot
        """)
    #expect(reasons == [])
  }

  @Test(
    "what does not hold is noticed",
    arguments: [
      ("eval instant at 1m pot\n pot{herb=\"dill\"} 20\n pot{herb=\"mint\"} 3.00001", "instead of"),
      ("eval instant at 1m pot\n pot{herb=\"dill\"} 20", "should not be there"),
      ("eval instant at 1m pot{herb=\"mint\"}\n pot{herb=\"basil\"} 3", "has no value"),
      ("eval instant at 1m pot{herb=\"mint\"}\n {herb=\"mint\"} 3", "has no value"),
      ("eval instant at 1m pot{herb=\"mint\"} + 1\n pot{herb=\"mint\"} 4", "has no value"),
      (
        "eval instant at 1m pot\n pot{herb=\"dill\"} 20\n pot{herb=\"mint\"} 3\n x 1",
        "has no value"
      ),
      ("eval instant at 1m pot\n expect fail", "should fail"),
      ("eval_fail instant at 1m pot", "should fail"),
      ("eval instant at 1m pot +\n pot 1", "expected"),
      ("eval instant at 1m 1 + 1\n 3", "got 2.0 instead of 3.0"),
      ("eval instant at 1m 1 + 1\n {} 2", "got the number"),
      ("eval instant at 1m pot\n 2", "instead of a number"),
      ("eval instant at 1m \"a\"\n expect string \"b\"", "got the string"),
      ("eval range from 0 to 1m step 1m pot{herb=\"mint\"}\n pot{herb=\"mint\"} 1 4", "at 60.0 s"),
      ("eval range from 0 to 1m step 1m pot{herb=\"mint\"}\n pot{herb=\"mint\"} 1 _", "at 60.0 s"),
      (
        "eval range from 0 to 1m step 1m pot{herb=\"mint\"}\n pot{herb=\"mint\"} 1 3 3",
        "at 120.0 s"
      ),
      (
        "eval_ordered instant at 0 pot\n pot{herb=\"mint\"} 1\n pot{herb=\"dill\"} 10",
        "the order is"
      ),
      (
        "eval instant at 1m pot{herb=\"mint\"}[1m]\n expect range vector from 30s to 1m step 30s\n"
          + "pot{herb=\"mint\"} 2 2", "instead of"
      ),
    ])
  func fails(evaluation: String, reason: String) async throws {
    let reasons = try await reasons(Self.series + evaluation)
    #expect(reasons.count == 1)
    #expect(reasons.first?.contains(reason) ?? false, "\(reasons)")
  }

  @Test("evaluations of native histograms are counted apart")
  func histograms() async throws {
    var run = PromQLScriptRun()
    await run.run(
      try PromQLScript(
        """
        load 1m
          mixed{a="b"} {{schema:0 sum:1 count:2}} {{count:1}}+{{count:1}}x2 7
          plain 1

        eval instant at 0 mixed
          mixed{a="b"} {{schema:0 sum:1 count:2}}

        eval instant at 0 count(mixed)
          {} 1

        eval instant at 0 unknown_function(mixed)
          {} 1

        eval instant at 0 plain
          plain 2
        """))
    #expect(run.ofHistograms == 3)
    #expect(run.evaluations == 1)
    #expect(run.failures.count == 1)
  }

  @Test(
    "a line that is not of the format is an error",
    arguments: [
      "lod 5m\n x 1", "load x\n x 1", "load 5m\n x 1..2", "eval instant 5m x", "eval at 5m x",
      "eval instant at 5m x\n expect something", "load 5m\n x{a=b} 1",
    ])
  func unreadable(text: String) {
    #expect(throws: PromQLScript.Unreadable.self) { try PromQLScript(text) }
  }
}

import Testing

@testable import AlmanacTerminal

@Suite("Text table") struct TextTableTests {
  @Test("columns are aligned, numbers to the right, and the rest is counted")
  func alignment() {
    var table = TextTable(columns: ["host", "value", "reason"], width: 40, maxRows: 3)
    table.append(["web-1", "61.42", "a spike"])
    table.append(["数据库", "7", "温"])
    table.append(["db-1", "NaN"])
    for index in 0..<123 { table.append(["x", "\(index)", "never shown"]) }
    #expect(
      table.render() == """
        host    value  reason
        ──────  ─────  ───────
        web-1   61.42  a spike
        数据库      7  温
        db-1      NaN
        ... and 123 more

        """)
  }

  @Test("text is cut before numbers, and columns that do not fit are counted")
  func cutting() {
    var table = TextTable(
      columns: ["time", "value", "why", "id"], width: 34, unicode: false)
    table.append(["2026-09-01T00:00:00Z", "123456.789", "much too long a text", "12345"])
    #expect(
      table.render() == """
        time         value  why         id
        ------  ----------  -------  -----
        2026-~  123456.789  much t~  12345

        """)
    var narrow = TextTable(columns: ["a", "b"], width: 8)
    narrow.append(["1234567", "2"])
    #expect(narrow.render().contains("1234567\n1 colum…\n"))
  }

  @Test("any cells and any width give lines that fit", arguments: 0..<200 as Range<UInt64>)
  func property(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let texts = ["", "1", "-2.5e3", "a\nb", "a longer text than most", "温度温度温度", "e\u{301}"]
    let width = Int(random.next() % 60)
    var table = TextTable(
      columns: (0..<random.next() % 6).map { "column \($0)" }, width: width, maxRows: 5)
    for _ in 0..<random.next() % 8 {
      table.append(
        (0..<random.next() % 7).map { _ in texts[Int(random.next() % UInt64(texts.count))] })
    }
    let lines = table.render().split(separator: "\n")
    #expect(
      lines.allSatisfy { DisplayText.width(of: String($0)) <= max(1, width) }, "seed \(seed)")
  }
}

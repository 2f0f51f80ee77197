import Testing

@testable import AlmanacTerminal

private func terminal(_ environment: [String: String], isTerminal: Bool = true) -> Terminal {
  Terminal(isTerminal: isTerminal) { environment[$0] }
}

@Suite("Terminal") struct TerminalTests {
  @Test("color needs a terminal, and NO_COLOR or a dumb one turn it off")
  func color() {
    #expect(terminal([:]).color)
    #expect(terminal(["NO_COLOR": ""]).color)
    #expect(!terminal(["NO_COLOR": "1"]).color)
    #expect(!terminal(["TERM": "dumb"]).color)
    #expect(!terminal([:], isTerminal: false).color)
  }

  @Test("UTF-8 is read from the first locale variable that is set")
  func unicode() {
    #expect(terminal(["LANG": "en_US.UTF-8"]).unicode)
    #expect(terminal(["LANG": "C.utf8"]).unicode)
    #expect(terminal(["LC_ALL": "", "LANG": "de_DE.UTF-8@euro"]).unicode)
    #expect(!terminal(["LC_ALL": "C", "LANG": "en_US.UTF-8"]).unicode)
    #expect(!terminal([:]).unicode)
  }

  @Test("the width is measured, else COLUMNS, else 100")
  func width() {
    #expect(Terminal(isTerminal: true, columns: 132) { _ in "90" }.width == 132)
    #expect(Terminal(isTerminal: true, columns: 0) { _ in nil }.width == 100)
    #expect(terminal(["COLUMNS": "90"]).width == 90)
    #expect(terminal(["COLUMNS": "no"]).width == 100)
  }
}

@Suite("Progress bar") struct ProgressBarTests {
  /// Collects what a bar writes.
  private final class Screen {
    var text = ""
  }

  private func bar(_ terminal: Terminal, on screen: Screen) -> ProgressBar {
    ProgressBar(label: "training", terminal: terminal, interval: .zero) { screen.text += $0 }
  }

  @Test("it is drawn over itself and never reaches the last cell")
  func drawing() {
    let screen = Screen()
    var bar = bar(terminal(["COLUMNS": "60", "LANG": "C.UTF-8"]), on: screen)
    bar.update(done: 5, total: 10, suffix: "epoch 5  loss 0.12  3 s left")
    bar.update(done: 10, total: 10)
    bar.finish()
    #expect(
      screen.text == "\rtraining ███████░░░░░░░░ 5/10  epoch 5  loss 0.12  3 s left"
        + "\rtraining ██████████████████████████████ 10/10              \n")
    let widths = screen.text.split(separator: "\r").map { DisplayText.width(of: String($0)) }
    #expect(widths.allSatisfy { $0 <= 60 })
  }

  @Test("without a total it counts, and odd numbers do no harm")
  func counting() {
    let screen = Screen()
    var bar = bar(terminal(["COLUMNS": "30"]), on: screen)
    bar.update(done: 1234, total: 0, suffix: "lines")
    bar.update(done: 12, total: 10)
    bar.update(done: -1, total: 10)
    #expect(screen.text.hasPrefix("\rtraining 1234  lines"))
    #expect(!screen.text.contains("\n"))
  }

  @Test("it is silent where nobody watches")
  func silent() {
    let screen = Screen()
    var bar = bar(terminal([:], isTerminal: false), on: screen)
    bar.update(done: 1, total: 2)
    bar.finish()
    #expect(screen.text.isEmpty)
  }
}

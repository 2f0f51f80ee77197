/// How far some work is, in one line that is drawn over itself; silent where nobody watches.
///
/// `training ████████░░░░ 12/50  epoch 5  loss 0.12  3 s left`
public struct ProgressBar {
  private let label: String
  private let terminal: Terminal
  private let interval: Duration
  private let write: (String) -> Void
  private var shown = ""
  private var pending: String?
  private var drawnAt: ContinuousClock.Instant?

  /// A bar that is first drawn by `update` and then at most once in `interval`.
  ///
  /// `write` takes what is to be shown at once, without a newline at its end.
  public init(
    label: String, terminal: Terminal = .standardError,
    interval: Duration = .milliseconds(50),
    write: @escaping (String) -> Void = Terminal.writeToStandardError
  ) {
    self.label = label
    self.terminal = terminal
    self.interval = interval
    self.write = write
  }

  /// Says that `done` of `total` is done; a `total` of 0 means that it is not known.
  public mutating func update(done: Int, total: Int, suffix: String = "") {
    guard terminal.isTerminal else { return }
    pending = line(done: done, total: total, suffix: suffix)
    let now = ContinuousClock.now
    if let drawnAt, now - drawnAt < interval { return }
    drawnAt = now
    draw()
  }

  /// Draws the last state and goes to the next line; with `erase` leaves an empty line instead.
  public mutating func finish(erase: Bool = false) {
    guard terminal.isTerminal, drawnAt != nil else { return }
    if erase { pending = "" }
    draw()
    write(erase ? "\r" : "\n")
    shown = ""
    drawnAt = nil
  }

  private mutating func draw() {
    guard let line = pending, line != shown else { return }
    // Spaces over what was longer before: no escape sequence, for any terminal.
    write("\r" + DisplayText.padded(line, to: DisplayText.width(of: shown)))
    shown = line
    pending = nil
  }

  private func line(done: Int, total: Int, suffix: String) -> String {
    let unicode = terminal.unicode
    var text = DisplayText.clean(label, unicode: unicode)
    // The last cell stays free: writing there makes some terminals go to the next line.
    let room = terminal.width - 1
    let tail =
      (total > 0 ? "\(done)/\(total)" : "\(done)")
      + (suffix.isEmpty ? "" : "  " + DisplayText.clean(suffix, unicode: unicode))
    if total > 0 {
      let free = room - DisplayText.width(of: text) - DisplayText.width(of: tail) - 2
      let cells = min(30, free)
      if cells >= 5 {
        let share = max(0, min(Double(done) / Double(total), 1))
        let full = Int(share * Double(cells))
        text +=
          " " + String(repeating: unicode ? "█" : "#", count: full)
          + String(repeating: unicode ? "░" : "-", count: cells - full)
      }
    }
    return DisplayText.cut(text + " " + tail, to: room, unicode: unicode)
  }
}

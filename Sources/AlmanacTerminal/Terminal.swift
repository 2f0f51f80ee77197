import Glibc

/// What is known about the place that output goes to.
public struct Terminal: Sendable, Hashable {
  /// Whether someone may be watching: not a file and not a pipe.
  public let isTerminal: Bool
  /// The cells of one line.
  public let width: Int
  /// The lines of the screen.
  public let height: Int
  /// Whether ANSI colors are welcome.
  public let color: Bool
  /// Whether characters beyond ASCII can be shown.
  public let unicode: Bool

  /// Draws the conclusions from what the system says.
  ///
  /// `NO_COLOR` (see no-color.org) and `TERM=dumb` turn colors off. UTF-8 is read from the first
  /// of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty. Where the size is unknown, `COLUMNS`
  /// and `LINES` count, then 100 by 30.
  public init(
    isTerminal: Bool, columns: Int? = nil, rows: Int? = nil,
    environment: (String) -> String?
  ) {
    func variable(_ name: String) -> String? {
      environment(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    func size(_ measured: Int?, _ name: String, _ fallback: Int) -> Int {
      [measured, variable(name).flatMap { Int($0) }]
        .compactMap { $0 }.first { (1...10_000).contains($0) } ?? fallback
    }
    self.isTerminal = isTerminal
    width = size(columns, "COLUMNS", 100)
    height = size(rows, "LINES", 30)
    color = isTerminal && variable("NO_COLOR") == nil && variable("TERM") != "dumb"
    let locale = variable("LC_ALL") ?? variable("LC_CTYPE") ?? variable("LANG") ?? ""
    let name = locale.lowercased()
    unicode = name.contains("utf-8") || name.contains("utf8")
  }

  /// What standard output goes to.
  public static var standardOutput: Terminal { Terminal(descriptor: STDOUT_FILENO) }

  /// What standard error goes to; a progress bar belongs there.
  public static var standardError: Terminal { Terminal(descriptor: STDERR_FILENO) }

  private init(descriptor: Int32) {
    var size = winsize()
    let known = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    self.init(
      isTerminal: isatty(descriptor) == 1,
      columns: known ? Int(size.ws_col) : nil,
      rows: known ? Int(size.ws_row) : nil,
      environment: { name in unsafe getenv(name).map { unsafe String(cString: $0) } })
  }

  /// Writes `text` to standard error at once; what cannot be written is dropped.
  public static func writeToStandardError(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = unsafe rest.withUnsafeBytes { bytes in
        unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count)
      }
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}

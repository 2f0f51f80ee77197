import AlmanacCore
import AlmanacQuery

/// A script in the format of Prometheus' own tests of PromQL: series to load, and expressions with
/// what they should come to.
struct PromQLScript {
  /// One sample as the notation has it.
  enum Sample: Equatable {
    case missing
    case value(Double)
    case histogram
  }

  /// A series with its samples, one a step.
  struct Series {
    var key: SeriesKey
    var samples: [Sample]
  }

  /// An expression and what it should come to.
  struct Evaluation {
    var line: Int
    var expression: String
    var start: Timestamp
    var end: Timestamp
    /// Nil evaluates at one moment.
    var step: Interval?
    var mustFail = false
    var isOrdered = false
    /// The samples of a window, at these moments.
    var window: (start: Timestamp, end: Timestamp, step: Interval)?
    var string: String?
    var number: Double?
    var series: [Series] = []
  }

  enum Command {
    /// Series with samples every so often from 0 on. With `asHistograms` their buckets are also
    /// native histograms.
    case load(every: Interval, [Series], asHistograms: Bool)
    case clear
    case evaluate(Evaluation)
  }

  /// A line that is not of the format.
  struct Unreadable: Error {
    var line: Int
    var text: String
  }

  var commands: [Command] = []

  /// Reads a whole script.
  init(_ text: String) throws(Unreadable) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let trimmed = line.trimmed
      return trimmed.hasPrefix("#") ? "" : trimmed
    }[...]
    while let first = lines.first {
      let number = lines.startIndex + 1
      lines = lines.dropFirst()
      if first.isEmpty { continue }
      if first == "clear" {
        commands.append(.clear)
        continue
      }
      var block: [String] = []
      while let next = lines.first, !next.isEmpty {
        block.append(next)
        lines = lines.dropFirst()
      }
      guard let command = Self.command(first, block, line: number) else {
        throw Unreadable(line: number, text: ([first] + block).joined(separator: "\n"))
      }
      commands.append(command)
    }
  }

  private static func command(_ first: String, _ block: [String], line: Int) -> Command? {
    var words = Words(first)
    guard let verb = words.next() else { return nil }
    if verb.hasPrefix("load") {
      guard let step = words.next().flatMap({ Interval(parameter: $0) }) else { return nil }
      // Start timestamps are no samples.
      let loaded = block.filter { !$0.contains("@st ") }.map { Series($0) }
      guard !loaded.contains(where: { $0 == nil }) else { return nil }
      return .load(every: step, loaded.compactMap(\.self), asHistograms: verb == "load_with_nhcb")
    }
    guard verb.hasPrefix("eval"), var evaluation = evaluation(&words, line: line) else {
      return nil
    }
    evaluation.mustFail = verb == "eval_fail"
    evaluation.isOrdered = verb == "eval_ordered"
    for text in block {
      guard evaluation.expect(text) else { return nil }
    }
    return .evaluate(evaluation)
  }

  private static func evaluation(_ words: inout Words, line: Int) -> Evaluation? {
    func time() -> Timestamp? {
      words.next().flatMap { Interval(parameter: $0) }.map { Timestamp(nanoseconds: 0) + $0 }
    }
    switch words.next() {
    case "instant":
      guard words.next() == "at", let time = time() else { return nil }
      return Evaluation(line: line, expression: words.rest, start: time, end: time)
    case "range":
      guard words.next() == "from", let start = time(), words.next() == "to", let end = time(),
        words.next() == "step", let step = words.next().flatMap({ Interval(parameter: $0) })
      else { return nil }
      return Evaluation(line: line, expression: words.rest, start: start, end: end, step: step)
    default: return nil
    }
  }
}

extension PromQLScript.Evaluation {
  /// Takes a line below the expression; false where it is not of the format.
  fileprivate mutating func expect(_ text: String) -> Bool {
    var words = Words(text)
    if words.next() == "expect" {
      let rest = words.rest
      switch words.next() {
      case "fail": mustFail = true
      case "ordered": isOrdered = true
      case "string": string = String(rest.dropFirst("string".count).trimmed.dropFirst().dropLast())
      case "range":
        let parts = rest.split(separator: " ").map(String.init)
        guard parts.count == 8, let start = Interval(parameter: parts[3]),
          let end = Interval(parameter: parts[5]), let step = Interval(parameter: parts[7])
        else { return false }
        let zero = Timestamp(nanoseconds: 0)
        window = (start: zero + start, end: zero + end, step: step)
      default:
        // Annotations are not compared.
        let annotations = ["warn", "no_warn", "info", "no_info"]
        return annotations.contains { rest.hasPrefix($0) }
      }
      return true
    }
    if text.hasPrefix("expected_fail_") { return true }
    if let value = PromQLScript.number(text) {
      number = value
      return true
    }
    guard let one = PromQLScript.Series(text) else { return false }
    series.append(one)
    return true
  }
}

// MARK: - Series

extension PromQLScript {
  /// A number as Prometheus writes it, `+Inf` and `NaN` too.
  static func number(_ text: some StringProtocol) -> Double? {
    switch text.lowercased() {
    case "inf", "+inf": .infinity
    case "-inf": -.infinity
    case "nan", "+nan", "-nan": .nan
    case let plain:
      // Swift reads hexadecimal numbers and more words.
      plain.utf8.allSatisfy { $0 >= 0x2B && $0 <= 0x39 && $0 != 0x2C && $0 != 0x2F || $0 == 0x65 }
        ? Double(plain.hasSuffix(".") ? plain + "0" : plain) : nil
    }
  }
}

extension PromQLScript.Series {
  /// Reads `metric{a="b"} 1 2+1x3 _ stale {{count:1}}`; nil where it is no such thing.
  init?(_ text: String) {
    var rest = Substring(text)
    let metric = rest.prefix { $0 != "{" && !$0.isWhitespace }
    rest = rest.dropFirst(metric.count).drop(while: \.isWhitespace)
    var name = String(metric)
    var labels: [(String, String)] = []
    if rest.first == "{", !rest.hasPrefix("{{") || metric.isEmpty {
      guard let all = Self.labels(&rest) else { return nil }
      for (label, value) in all {
        if label == SeriesKey.metricLabel { name = value } else { labels.append((label, value)) }
      }
    }
    var samples: [PromQLScript.Sample] = []
    while let item = Self.item(&rest) {
      guard let some = Self.samples(item) else { return nil }
      samples += some
    }
    self.init(key: SeriesKey(metric: name, labels: Labels(labels)), samples: samples)
  }

  private static func labels(_ rest: inout Substring) -> [(String, String)]? {
    var labels: [(String, String)] = []
    rest.removeFirst()
    while true {
      rest = rest.drop { $0.isWhitespace || $0 == "," }
      guard let first = rest.first else { return nil }
      if first == "}" {
        rest.removeFirst()
        return labels
      }
      var label: String
      if first == "\"" {
        guard let quoted = quoted(&rest) else { return nil }
        label = quoted
      } else {
        label = String(rest.prefix { $0 != "=" && !$0.isWhitespace })
        rest = rest.dropFirst(label.count)
      }
      rest = rest.drop(while: \.isWhitespace)
      guard rest.first == "=" else {
        // A name in quotes alone is the metric.
        labels.append((SeriesKey.metricLabel, label))
        continue
      }
      rest = rest.dropFirst().drop(while: \.isWhitespace)
      guard let value = quoted(&rest) else { return nil }
      labels.append((label, value))
    }
  }

  private static func quoted(_ rest: inout Substring) -> String? {
    guard let mark = rest.first, mark == "\"" || mark == "'" || mark == "`" else { return nil }
    rest.removeFirst()
    var text = ""
    while let letter = rest.popFirst() {
      if letter == mark { return text }
      if letter == "\\", mark != "`", let escaped = rest.popFirst() {
        text.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
      } else {
        text.append(letter)
      }
    }
    return nil
  }

  /// The next item of the samples; histograms hold spaces.
  private static func item(_ rest: inout Substring) -> Substring? {
    rest = rest.drop(while: \.isWhitespace)
    guard !rest.isEmpty else { return nil }
    var depth = 0
    let item = rest.prefix { letter in
      if letter == "{" { depth += 1 }
      if letter == "}" { depth -= 1 }
      return depth > 0 || !letter.isWhitespace
    }
    rest = rest.dropFirst(item.count)
    return item
  }

  /// `5`, `5x3` (four samples), `5-1x3`, `_`, `_x3`, `stale` or a histogram in the same forms.
  private static func samples(_ item: Substring) -> [PromQLScript.Sample]? {
    var base = item
    var times: Int?
    if let mark = item.lastIndex(of: "x"), let count = Int(item[item.index(after: mark)...]) {
      base = item[..<mark]
      times = count
    }
    if base == "_" { return Array(repeating: .missing, count: times ?? 1) }
    let count = (times ?? 0) + 1
    if base.hasPrefix("{{") { return Array(repeating: .histogram, count: count) }
    if base == "stale" {
      let marker = Double(bitPattern: 0x7ff0_0000_0000_0002)
      return Array(repeating: .value(marker), count: count)
    }
    if let value = PromQLScript.number(base) {
      return Array(repeating: .value(value), count: count)
    }
    // The sign between value and difference is no first one and follows no exponent.
    guard
      let sign = base.indices.dropFirst().first(where: { index in
        "+-".contains(base[index]) && !"eE".contains(base[base.index(before: index)])
      }), let first = PromQLScript.number(base[..<sign]),
      let difference = PromQLScript.number(base[sign...])
    else { return nil }
    var value = first
    return (0..<count).map { _ in
      defer { value += difference }
      return .value(value)
    }
  }
}

/// Words of a line, and what is left of it.
private struct Words {
  private var text: Substring

  init(_ text: String) {
    self.text = Substring(text)
  }

  mutating func next() -> String? {
    text = text.drop(while: \.isWhitespace)
    let word = text.prefix { !$0.isWhitespace }
    text = text.dropFirst(word.count)
    return word.isEmpty ? nil : String(word)
  }

  var rest: String { text.trimmed }
}

extension StringProtocol {
  fileprivate var trimmed: String {
    let start = self.drop(while: \.isWhitespace)
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}

import AlmanacTesting

/// Random queries in PromQL as Prometheus 2.42 has it, about `ComparedSeries`.
///
/// Samples lie at multiples of five seconds and moments two seconds beyond, with every length a
/// multiple of five: no sample lies on the left end of a window, which Prometheus 2 counts in, and
/// Prometheus 3 and Almanac do not. A subquery is evaluated at multiples of its step, so what
/// stands inside of one is moved by two seconds.
struct PromQLGenerator {
  /// A query and when to ask it.
  struct Question {
    var text: String
    /// One moment or the steps of a range, unix seconds.
    var start: Int
    var end: Int
    var step: Int?
    /// Whether series come in an order that the query asks for.
    var isOrdered = false
  }

  /// An instant vector.
  struct Vector {
    var text: String
    /// Labels that its series have, or some of them.
    var labels: [String]
    /// Whether no two values at one time are equal.
    var isDistinct = false
    /// Whether the values are samples as they were written: what else has last bits of its own,
    /// which rounding, comparing alike values, or a sine or remainder of a large number would show.
    var isExact = false
    /// Whether no value is NaN or an infinity, of which Prometheus 2 says that the deviation of one
    /// alone is 0, Prometheus 3 that it is NaN.
    var isFinite = false
    /// Whether the series have their metric's name.
    var isNamed = false
    /// Whether it must stand in brackets next to an operator.
    var isOpen = false

    var operand: String { isOpen ? "(\(text))" : text }
  }

  private var random: SeededGenerator
  /// How many subqueries stand around.
  var depth = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
  }

  // MARK: - Questions

  mutating func question() -> Question {
    let end = ComparedSeries.start + 2 + 5 * number(720...2300)
    depth = 0
    if chance(50) {
      let step = pick([15, 35, 60, 70, 300])
      return Question(
        text: chance(5) ? scalar(2) : vector(3).text, start: end - step * number(1...30), end: end,
        step: step)
    }
    var question = Question(text: "", start: end, end: end)
    switch number(0...19) {
    case 0: question.text = matrix(metric())
    case 1: question.text = scalar(2)
    case 2, 3:
      (question.text, question.isOrdered) = ("\(pick(["sort", "sort_desc"]))(\(distinct()))", true)
    case 4, 5:
      (question.text, question.isOrdered) = (
        "\(pick(["topk", "bottomk"]))(\(number(1...5)), \(distinct()))", true
      )
    default: question.text = vector(3).text
    }
    return question
  }

  // MARK: - Selecting

  mutating func metric() -> ComparedSeries.Metric { pick(ComparedSeries.metrics) }

  mutating func metric(_ kind: ComparedSeries.Metric.Kind) -> ComparedSeries.Metric {
    pick(ComparedSeries.metrics.filter { $0.kind == kind })
  }

  mutating func selector(_ metric: ComparedSeries.Metric) -> String {
    var matchers: [String] = []
    for (name, values) in metric.labels where chance(25) {
      let (value, other) = (pick(values), pick(values))
      let matcher =
        switch number(0...5) {
        case 0: "!=\"\(value)\""
        case 1: "=~\"\(value)|\(other)\""
        case 2: "=~\".*\(value.suffix(1))\""
        case 3: "!~\"\(value.prefix(2)).*\(value.suffix(1))\""
        default: "=\"\(value)\""
        }
      matchers.append(name + matcher)
    }
    if chance(5) { matchers.append("nothing=\"\"") }
    if chance(10) {
      return "{\((["__name__=\"\(metric.name)\""] + matchers).joined(separator: ","))}"
    }
    return matchers.isEmpty ? metric.name : "\(metric.name){\(matchers.joined(separator: ","))}"
  }

  /// `offset` and `@`; inside of a subquery always one of them.
  mutating func move(names: Bool = true) -> String {
    let offsets = depth > 0 ? ["2s", "62s", "302s", "-3s"] : ["5m", "90s", "1h", "-5m", "1h30m"]
    let offset = depth > 0 || chance(20) ? " offset \(pick(offsets))" : ""
    let moments = ["start()", "end()", "\(ComparedSeries.start + 5 * number(0...2000) + 2).000"]
    guard names, chance(10) else { return offset }
    // A named moment is off the samples already.
    let at = " @ \(pick(moments))"
    if depth > 0 { return at }
    return chance(50) ? at + offset : offset + at
  }

  mutating func length() -> String { pick(["2m", "5m", "10m", "30m", "95s", "1h", "20m"]) }

  mutating func matrix(_ metric: ComparedSeries.Metric, names: Bool = true) -> String {
    "\(selector(metric))[\(length())]\(move(names: names))"
  }

  mutating func instant(_ metric: ComparedSeries.Metric) -> Vector {
    Vector(
      text: selector(metric) + move(), labels: metric.labels.map(\.name),
      isDistinct: metric.isDistinct, isExact: true, isFinite: true, isNamed: true)
  }

  /// A vector without equal values, as ranks of equals are left open.
  mutating func distinct() -> String {
    let temp = ComparedSeries.metrics.filter(\.isDistinct)[0]
    return switch number(0...3) {
    case 0: instant(temp).text
    case 1: "\(pick(["avg", "max", "min", "sum"]))_over_time(\(matrix(temp)))"
    case 2: "rate(\(selector(metric("latency_sum")))[10m]\(move()))"
    default: "-\(instant(temp).text)"
    }
  }

  func metric(_ name: String) -> ComparedSeries.Metric {
    guard let found = ComparedSeries.metrics.first(where: { $0.name == name }) else {
      preconditionFailure("BUG: no such metric")
    }
    return found
  }

  // MARK: - Numbers

  mutating func scalar(_ level: Int) -> String {
    guard level > 0 else { return pick(["1", "0.5", "-3", "1e3", "0x1F", "Inf", "NaN", "pi()"]) }
    switch number(0...5) {
    case 0: return "time()"
    case 1: return "scalar(sum(\(window(0).text)))"
    case 2:
      let operation = operation(namesAreGone: true)
      return "(\(scalar(level - 1)) \(operation) \(scalar(level - 1)))"
    case 3: return "(\(scalar(level - 1)) \(comparison()) bool \(scalar(level - 1)))"
    case 4: return "scalar(\(instant(metric("owner_info")).text))"
    default: return scalar(0)
    }
  }

  // MARK: - Chance

  mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[number(0...choices.count - 1)]
  }
}

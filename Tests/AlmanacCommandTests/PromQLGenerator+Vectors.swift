/// Instant vectors of all kinds.
extension PromQLGenerator {
  mutating func vector(_ level: Int) -> Vector {
    guard level > 0 else { return chance(60) ? window(0) : instant(metric()) }
    switch number(0...23) {
    case 0, 1: return instant(metric())
    case 2, 3, 4, 5: return window(level)
    case 6, 7, 8, 9: return aggregate(level)
    case 10: return elementwise(vector(level - 1))
    case 11, 12: return elementwise(vector(level - 1))
    case 13, 14: return withNumber(level)
    case 15, 16, 17, 18: return pair(level)
    case 19: return sets(level)
    case 20: return histogram()
    case 21: return relabelled(level)
    case 22: return missing()
    default: return clock(level)
    }
  }

  mutating func window(_ level: Int) -> Vector {
    if level > 0, chance(30) { return subquery(level) }
    let metric = metric()
    let name: String
    switch metric.kind {
    case .counter, .bucket:
      name = pick(["rate", "increase", "irate", "resets", "changes", "rate", "increase"])
    case .gauge:
      name = pick([
        "delta", "idelta", "deriv", "avg_over_time", "min_over_time", "max_over_time",
        "sum_over_time", "count_over_time", "last_over_time", "stddev_over_time",
        "stdvar_over_time", "quantile_over_time", "present_over_time", "changes", "resets",
        "predict_linear", "holt_winters",
      ])
    }
    // In a range Prometheus 2 moves the window of predict_linear away from a named moment.
    return Vector(
      text: call(name, matrix(metric, names: name != "predict_linear")),
      labels: metric.labels.map(\.name), isFinite: name != "quantile_over_time",
      isNamed: name == "last_over_time")
  }

  mutating func call(_ name: String, _ data: String) -> String {
    switch name {
    case "quantile_over_time": "\(name)(\(pick(["0", "0.3", "0.9", "1", "1.5", "-1"])), \(data))"
    case "predict_linear": "\(name)(\(data), \(pick(["600", "3600", "-60"])))"
    case "holt_winters": "\(name)(\(data), 0.\(number(1...9)), 0.\(number(1...9)))"
    default: "\(name)(\(data))"
    }
  }

  mutating func subquery(_ level: Int) -> Vector {
    depth += 1
    let inner = vector(level - 1)
    depth -= 1
    let name = pick([
      "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time",
      "last_over_time", "quantile_over_time", "stddev_over_time", "present_over_time", "delta",
    ])
    let text = "(\(inner.text))[\(pick(["10m", "30m", "20m", "1h"])):\(pick(["30s", "1m", "5m"]))]"
    return Vector(
      text: call(name, text + move()), labels: inner.labels,
      isNamed: name == "last_over_time" && inner.isNamed)
  }

  mutating func aggregate(_ level: Int) -> Vector {
    if chance(12) {
      return Vector(
        text: "\(pick(["topk", "bottomk"]))\(chance(50) ? " by (job) " : "")"
          + "(\(number(1...4)), \(distinct()))", labels: ["job"])
    }
    var inner = vector(level - 1)
    let name = pick([
      "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile", "sum", "avg",
      "count_values",
    ])
    if name.hasPrefix("std"), !inner.isFinite { inner = instant(metric()) }
    let some = inner.labels.filter { _ in chance(40) }
    let data =
      switch name {
      case "quantile": "\(pick(["0", "0.25", "0.5", "0.99", "1", "2"])), \(inner.text)"
      // Values of which there are few.
      case "count_values": "\"v\", \(chance(50) ? "flag" : "sparse")\(move())"
      default: inner.text
      }
    if name == "count_values" {
      return Vector(text: "count_values(\(data))", labels: ["v"])
    }
    switch number(0...4) {
    case 0: return Vector(text: "\(name)(\(data))", labels: [])
    case 1:
      return Vector(
        text: "\(name) without (\(some.joined(separator: ", "))) (\(data))",
        labels: inner.labels.filter { !some.contains($0) })
    case 2:
      return Vector(
        text: "\(name)(\(data)) by (\(some.joined(separator: ", ")))", labels: some)
    default:
      return Vector(
        text: "\(name) by (\(some.joined(separator: ", "))) (\(data))", labels: some)
    }
  }

  mutating func elementwise(_ inner: Vector) -> Vector {
    let name = pick(
      [
        "abs", "exp", "ln", "log2", "log10", "sqrt", "sgn", "clamp", "clamp_min", "clamp_max",
        "atan", "asinh", "tanh", "deg", "rad", "-", "sort",
      ] + (inner.isExact ? ["sin", "cos", "tan", "round", "round to", "ceil", "floor"] : []))
    let text =
      switch name {
      case "-": "-\(inner.operand)"
      case "clamp": "clamp(\(inner.text), \(pick(["-5", "0", "NaN"])), \(pick(["3.5", "50"])))"
      case "clamp_min", "clamp_max": "\(name)(\(inner.text), \(pick(["0", "3.14159", "-2"])))"
      case "round to": "round(\(inner.text), \(pick(["0.25", "5", "0.125"])))"
      default: "\(name)(\(inner.text))"
      }
    return Vector(
      text: text, labels: inner.labels, isNamed: name == "sort" && inner.isNamed,
      isOpen: name == "-")
  }

  /// Prometheus 2 keeps the metric's name with `atan2`, Prometheus 3 drops it: it is for operands
  /// without names only.
  mutating func operation(namesAreGone: Bool = false, isExact: Bool = false) -> String {
    pick(
      ["+", "-", "*", "/", "^", "+", "-", "*", "/"] + (namesAreGone ? ["atan2"] : [])
        + (isExact ? ["%"] : []))
  }

  mutating func comparison() -> String { pick(["==", "!=", "<", "<=", ">", ">="]) }

  mutating func withNumber(_ level: Int) -> Vector {
    let inner = vector(level - 1)
    // No value lies on these, so the last bit of one decides nothing.
    let isPlain = chance(70)
    let number = isPlain ? pick(["2.7182818", "-0.31415927", "31.3", "0.001"]) : scalar(1)
    let operation =
      chance(60)
      ? operation(isExact: inner.isExact && isPlain) : comparison() + (chance(40) ? " bool" : "")
    let (left, right) =
      chance(70) ? (inner.operand, "(\(number))") : ("(\(number))", inner.operand)
    return Vector(
      text: "\(left) \(operation) \(right)", labels: inner.labels, isOpen: true)
  }

  /// Two vectors whose series meet.
  mutating func pair(_ level: Int) -> Vector {
    let isBool = chance(50)
    let operation = chance(70) ? operation() : comparison() + (isBool ? " bool" : "")
    switch number(0...5) {
    case 0:
      let (left, right) = (instant(metric("memory")), instant(metric("quota")))
      return Vector(
        text: "\(left.text) \(self.operation(isExact: true)) on (job, instance) "
          + "group_left (zone) \(right.text)",
        labels: left.labels, isOpen: true)
    case 1:
      let (left, right) = (instant(metric("memory")), instant(metric("quota")))
      return Vector(
        text: "\(left.text) \(operation) on (job, instance) "
          + "group_left\(pick(["", "()"])) \(right.text)",
        labels: left.labels, isOpen: true)
    case 2:
      let many = pick(["memory", "temp", "requests", "flag"])
      let (left, right) = (instant(metric(many)), instant(metric("owner_info")))
      let isLeft = chance(50)
      let side = isLeft ? "group_left" : "group_right"
      let sides = isLeft ? (left, right) : (right, left)
      return Vector(
        text: "\(sides.0.text) \(operation) on (job) \(side) (owner) \(sides.1.text)",
        labels: left.labels + ["owner"], isOpen: true)
    case 3:
      let by = pick(["job", "instance", "job, instance"])
      let names = ["sum", "avg", "max", "count"]
      let (left, right) = (window(0), window(0))
      return Vector(
        text: "\(pick(names)) by (\(by)) (\(left.text)) \(operation)"
          + " \(pick(names)) by (\(by)) (\(right.text))",
        labels: by.split(separator: ", ").map(String.init), isOpen: true)
    case 4:
      let (left, right) = (instant(metric("flag")), instant(metric("memory")))
      return Vector(
        text: "\(left.text) \(operation) ignoring (zone) "
          + "max without (zone) (\(right.text))",
        labels: left.labels, isOpen: true)
    default:
      let inner = vector(level - 1)
      let (left, right) = (elementwise(inner), elementwise(inner))
      let namesAreGone = !left.isNamed && !right.isNamed
      let other =
        inner.isExact && chance(80) ? operation : self.operation(namesAreGone: namesAreGone)
      return Vector(
        text: "\(left.operand) \(other) \(right.operand)", labels: inner.labels, isOpen: true)
    }
  }

  mutating func sets(_ level: Int) -> Vector {
    let (left, right) = (vector(level - 1), chance(50) ? vector(level - 1) : instant(metric()))
    let matching = pick([
      "", " on (job)", " on (job, instance)", " ignoring (zone, code)", " on ()",
    ])
    return Vector(
      text: "\(left.operand) \(pick(["and", "or", "unless"]))\(matching) \(right.operand)",
      labels: left.labels, isOpen: true)
  }

  mutating func histogram() -> Vector {
    let share = pick(["0", "0.5", "0.9", "0.99", "1", "2", "-1", "0.123"])
    let selector = selector(metric("latency_bucket"))
    let data =
      switch number(0...2) {
      case 0: selector + move()
      case 1: "rate(\(selector)[\(length())]\(move()))"
      default: "sum by (le, job) (rate(\(selector)[\(length())]\(move())))"
      }
    return Vector(text: "histogram_quantile(\(share), \(data))", labels: ["job"])
  }

  mutating func relabelled(_ level: Int) -> Vector {
    let inner = vector(level - 1)
    let text =
      chance(60)
      ? "label_replace(\(inner.text), \"new\", \"$1-x\", \"\(pick(["job", "instance", "none"]))\","
        + " \"\(pick(["(.*)", "host-(.).*", "(a.*|w.*)", "nomatch"]))\")"
      : "label_join(\(inner.text), \"new\", \"\(pick(["", "/"]))\", \"job\", \"instance\")"
    return Vector(text: text, labels: inner.labels + ["new"], isNamed: inner.isNamed)
  }

  mutating func missing() -> Vector {
    let metric = metric()
    let text =
      switch number(0...3) {
      case 0: "absent(\(selector(metric))\(move()))"
      case 1: "absent_over_time(\(matrix(metric)))"
      case 2: "absent(nothing{job=\"api\",instance!=\"x\"})"
      default: "absent_over_time(nothing{job=\"api\",code=~\"x\"}[5m])"
      }
    return Vector(text: text, labels: ["job"])
  }

  mutating func clock(_ level: Int) -> Vector {
    switch number(0...3) {
    case 0: return Vector(text: "vector(\(scalar(level - 1)))", labels: [])
    case 1:
      // With both `offset` and `@` Prometheus 2 forgets the first in here.
      let metric = metric()
      return Vector(
        text: "timestamp(\(selector(metric))\(move(names: false)))",
        labels: metric.labels.map(\.name))
    case 2:
      let name = pick(["hour", "minute", "month", "year", "day_of_month", "day_of_week"])
      return Vector(text: "\(name)()", labels: [])
    default:
      let name = pick(["hour", "minute", "month", "day_of_year", "days_in_month"])
      return Vector(text: "\(name)(vector(time() - \(number(0...90)) * 86400))", labels: [])
    }
  }
}

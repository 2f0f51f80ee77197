import AlmanacCore
import AlmanacEngine
import AlmanacIngest
import AlmanacQuery
import AlmanacTesting
import Foundation
import Testing

/// Queries that mean little over data that is strange: an answer or an error, never a trap.
@Suite struct QueryFuzzTests {
  static let isSoak = ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1"
  /// How long each query may take, and how much later it must have ended.
  static let timeout = Duration.seconds(1)
  /// What it may take beyond that: where all suites share two cores even a query of nothing waits for
  /// a thread for seconds.
  static let slack = isSoak ? Duration.seconds(1) : .seconds(30)

  static let durations = [
    "0s", "1ns", "1ms", "1s", "1m", "10m", "1h", "1d", "7d", "30d", "1y", "200y",
  ]
  static let numbers = ["0", "1", "-1", "0.5", "1e300", "1e-300", "95", "1000000"]
  static let selectors = [
    "memory", "memory<host=x>", "memory{host=~\".*\"}", "edge", "one", "odd", "zero",
    "{__name__=~\".+\"}", "nothing",
  ]

  static let functions = [
    "avg_over_time", "min_over_time", "sum_over_time", "last_over_time", "absent_over_time",
    "stddev_over_time", "mad_over_time", "rate", "irate", "delta", "changes", "deriv", "resets",
    "increase", "idelta", "first_over_time", "present_over_time", "count_over_time",
    "stdvar_over_time", "ts_of_max_over_time",
  ]
  static let elementary = [
    "abs", "ceil", "exp", "ln", "log10", "sqrt", "sgn", "round", "acosh", "tan", "deg", "hour",
    "year", "days_in_month", "timestamp", "sort_desc", "absent",
  ]
  static let scalars = [
    "time()", "pi()", "scalar(one)", "start()", "step()", "1 / 0", "0 / 0", "scalar(memory)",
  ]
  static let stages = [
    "interpolate", "interpolate(step=1ns)", "interpolate(step=1h)", "interpolate(previous)",
    "interpolate(spline)", "interpolate(seasonal)", "scale(robust)", "scale(standard)",
    "scale(minmax)", "scale(log)", "clean", "clean(k=0.001)", "clip(min=0)", "clip(max=-1e300)",
    "detrend", "deseason(method=stl)", "deseason(period=[1h, 1d], method=stl)",
    "split(share=0.5)", "split(at=0)", "resample(1h, sum)", "resample(1ns)", "resample(1y, median)",
    "decompose.trend", "decompose(period=2h, robust=true).residual", "decompose.strength",
    "periods", "periods(max=1000)",
  ]

  struct Generator {
    var random: SeededGenerator

    mutating func pick(_ list: [String]) -> String { list.randomElement(using: &random) ?? "" }

    mutating func pick(_ lists: [[String]]) -> [String] {
      lists.randomElement(using: &random) ?? []
    }

    mutating func series(_ depth: Int) -> String {
      guard depth > 0 else { return pick(selectors) }
      let inner = series(depth - 1)
      switch Int.random(in: 0..<22, using: &random) {
      case 0: return "(\(inner))[\(pick(durations))]"
      case 1: return "(\(inner))[\(pick(durations)):\(pick(durations))]"
      case 2: return "(\(inner)) offset \(pick(["", "-"]))\(pick(durations))"
      case 3: return "(\(inner)) @ \(pick(["-1d", "0", "9e9", "-9e9", "now", "start", "end"]))"
      case 4: return "-(\(inner))"
      case 5:
        let operation = pick(["+", "-", "*", "/", "%", "^", ">", "<=", "== bool", "atan2"])
        let other = pick(pick([numbers, selectors, scalars]))
        return "(\(inner)) \(operation) \(other)"
      case 6:
        let name = pick(["sum", "avg", "min", "median", "stddev", "group", "count"])
        return "\(name) \(pick(["by", "without"])) (host) (\(inner))"
      case 7, 8: return "(\(inner)) | \(pick(stages))"
      case 9: return "(\(inner)) | deseason(period=\(pick(durations)))"
      case 10:
        return "\(pick(["topk", "bottomk", "quantile"]))(\(pick(numbers)), \(inner)) by (host)"
      case 11: return "\(pick(functions))((\(inner))[\(pick(durations))\(pick(["", ":", ":10m"]))])"
      case 12:
        return
          "\(pick(functions))(\(pick(selectors))[\(pick(durations))] offset \(pick(durations)))"
      case 13: return "\(pick(elementary))(\(inner))"
      case 14:
        return "(\(inner)) \(pick(["and", "or", "unless"])) \(pick(["", "on (host) ", "on () "]))"
          + pick(selectors)
      case 15:
        return "(\(inner)) \(pick(["+", "/", ">"])) on (\(pick(["host", ""]))) "
          + "\(pick(["group_left", "group_right(host)"])) \(pick(selectors))"
      case 16:
        return pick([
          "label_replace(\(inner), \"a\", \"$1\", \"host\", \"(.*)\")",
          "label_replace(\(inner), \"host\", \"\", \"host\", \".*\")",
          "label_replace(\(inner), \"le\", \"1\", \"\", \"\")",
          "label_join(\(inner), \"host\", \"/\", \"host\", \"host\")",
          "sort_by_label(\(inner), \"host\")",
        ])
      case 17:
        return "histogram_quantile(\(pick(pick([numbers, scalars]))), "
          + "label_replace(\(inner), \"le\", \"\(pick(["1", "+Inf", "x"]))\", \"host\", \"x\"))"
      case 18: return "count_values(\"\(pick(["host", "v"]))\", \(inner))"
      case 19: return "clamp(\(inner), \(pick(pick([numbers, scalars]))), \(pick(numbers)))"
      case 20:
        let name = pick(["predict_linear", "double_exponential_smoothing", "quantile_over_time"])
        let number = pick(pick([numbers, scalars]))
        let data = "(\(inner))[\(pick(durations)):\(pick(durations))]"
        switch name {
        case "predict_linear": return "predict_linear(\(data), \(number))"
        case "quantile_over_time": return "quantile_over_time(\(number), \(data))"
        default: return "\(name)(\(data), \(number), 0.5)"
        }
      default: return inner
      }
    }

    mutating func query() -> String {
      let input = series(Int.random(in: 0...3, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0: return input
      case 1:
        let arguments = [
          "wait=\(pick(["0", "1ns", "1m"]))", "history=\(pick(durations))",
          "step=\(pick(durations))", "level=\(pick(numbers))", "min=\(pick(numbers))",
          "window=\(pick(durations))", "max_age=\(pick(durations))", "epochs=1", "hidden=1",
          "model=\(pick(["linear", "seasonal_naive", "holt_winters", "auto"]))",
        ].shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
        let all = ([pick(durations)] + arguments).joined(separator: ", ")
        let forecast = "forecast(\(input), \(all))\(pick(["", ".upper", ".lower_80"]))"
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
          return "crosses(\(forecast), \(pick(["above", "below"]))=\(pick(numbers)))"
            + pick(["", ".in", ".at < 1d"])
        case 1:
          return "backtest(\(forecast), folds=\(pick(["1", "3", "100"])), "
            + "step=\(pick(durations)), strategy=\(pick(["rolling", "expanding"])), "
            + "budget=\(pick(["1ns", "1s"])))\(pick(["", ".mase", ".naive_wql"]))"
        case 2:
          let grid = pick(["model=[linear, holt_winters]", "seed=[1, 2]", "history=[1d, 2d]"])
          return "tune(\(forecast), grid=(\(grid)), "
            + "by=\(pick(["mae", "wql", "smape"])), folds=2, step=\(pick(durations)), budget=1s)"
        default: return forecast
        }
      default:
        let arguments = [
          "method=\(pick(["auto", "gmm", "residual", "mad", "iqr", "esd"]))",
          "history=\(pick(durations))", "alarms=\(pick(numbers))", "per=\(pick(durations))",
          "threshold=\(pick(numbers))", "for=\(pick(durations))", "min_dev=\(pick(numbers))",
          "all=true", "direction=up",
        ].shuffled(using: &random).prefix(Int.random(in: 0...4, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
          return "peers(\(input), by=\(pick(["host", "[]"])), method=\(pick(["mad", "dbscan"])), "
            + "tolerance=\(pick(numbers)))\(pick(["", ".score", " | why"]))"
        case 1:
          return "changes(\(input), kind=\(pick(["any", "level", "variance"]))"
            + "\(pick(["", ", history=1d"])))\(pick(["", ".size"]))"
        default:
          return "outliers(\(([input] + arguments).joined(separator: ", ")))"
            + pick(["", ".flag", ".expected", " | why"])
        }
      }
    }
  }

  @Test("random queries over strange data end in an answer or an error")
  func fuzz() async throws {
    let database = try DatabaseFixture().open()
    let start = DatabaseFixture.start.nanoseconds
    var lines = "one value=5 \(start)\n"
    var random = SeededGenerator(seed: 5)
    for index in 0..<600 as Range<Int64> {
      lines += "memory,host=x value=\(index % 37) \(start + index * 600_000_000_000)\n"
      lines += "memory,host=y value=\(index % 5) \(start + index * 600_000_000_000 + 7)\n"
      lines += "zero value=0 \(start + index * 3_600_000_000_000)\n"
      let odd = Int64.random(in: 0..<200_000_000_000_000, using: &random)
      lines += "odd value=\(Double(bitPattern: random.next() >> 2)) \(start + odd)\n"
    }
    for edge in [
      Int64.min + 2, -9_000_000_000_000_000_000, -1, 0, 1, start, 9_000_000_000_000_000_000,
      Int64.max - 1,
    ] {
      lines += "edge value=1e300 \(edge)\n"
    }
    let report = try await database.write(
      Array(lines.utf8), precision: .nanoseconds, database: nil)
    #expect(report.rejectedLines == 0)
    let seed = UInt64.random(in: 0..<1_000_000)
    var generator = Generator(random: SeededGenerator(seed: seed))
    var answers = 0
    var late = 0
    for round in 0..<(Self.isSoak ? 50_000 : 150) {
      let query = generator.query()
      // A trap ends the process: the last line says which query it was.
      if Self.isSoak || round % 100 == 0 { print("seed \(seed), round \(round): \(query)") }
      var time = QueryTime(time: DatabaseFixture.start + .days(4))
      switch Int.random(in: 0..<6, using: &generator.random) {
      case 0: time = QueryTime(time: Timestamp(nanoseconds: .max))
      case 1: time = QueryTime(time: Timestamp(nanoseconds: .min))
      case 2: time.range = .all
      case 3:
        time.range = TimeRange(start: DatabaseFixture.start, end: time.time)
        time.step = .hours(1)
      default: break
      }
      let began = ContinuousClock.now
      do {
        _ = try await database.query(query, at: time, timeout: Self.timeout)
        answers += 1
      } catch let error as QueryError {
        if error.code == .deadline { late += 1 }
      } catch {
        Issue.record("seed \(seed), \(query): \(error)")
      }
      let taken = ContinuousClock.now - began
      #expect(taken < Self.timeout + Self.slack, "seed \(seed), \(query) took \(taken)")
    }
    print("seed \(seed): \(answers) answers, \(late) ended by their deadline")
    #expect(answers > 10)
    // Queries that did not wait left trainings behind.
    await database.close()
  }
}

import Testing

/// The fifteen queries of the language's document, with their printed form where it differs.
enum Examples {
  struct Question: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var printed: String

    init(_ name: String, _ text: String, prints printed: String? = nil) {
      self.name = name
      self.text = text
      self.printed = printed ?? text
    }

    var testDescription: String { name }
  }

  static let questions: [Question] = [
    Question("Q1", "forecast(memory<host=x>, 7d)"),
    Question(
      "Q2",
      "forecast(memory<host=x>[30d], 7d, model=\"seq2seq\", window=60m, level=[80, 95], seed=1)",
      prints:
        "forecast(memory<host=x>[30d], 7d, model=\"seq2seq\", window=1h, level=[80, 95], seed=1)"),
    Question(
      "Q3",
      """
      memory<host=x>[30d] | interpolate(method="linear", step=1m, max_gap=10m) | deseason \
      | scale("robust") | forecast(7d)
      """),
    Question(
      "Q4",
      """
      let prep@3(s, gap=10m) = s | interpolate(max_gap=gap) | deseason(period=[1d, 1w]) \
      | scale("robust"); memory<host=x>[30d] | prep@3(gap=5m) | forecast(7d)
      """,
      prints: """
        let prep@3(s, gap=10m) = s | interpolate(max_gap=gap) | deseason(period=[1d, 7d]) \
        | scale("robust"); memory<host=x>[30d] | prep@3(gap=5m) | forecast(7d)
        """),
    Question(
      "Q5",
      """
      outliers(memory<host=x>[7d], method="gmm", history=7d, \
      against=forecast(memory<host=x>[30d] @ -7d, 7d))
      """),
    Question(
      "Q6",
      "cpu<dc=eu-1, host=~\"web-.*\", env!=dev>[14d] | outliers(direction=\"up\", for=5m) | why"),
    Question(
      "Q7",
      "peers(http_errors<service=checkout>[1h], by=[pool], method=\"dbscan\", tolerance=3)"),
    Question(
      "Q8", "crosses(forecast(disk_free_bytes<host=~\"db.*\">[60d], 30d, min=0), below=5Gi)",
      prints:
        "crosses(forecast(disk_free_bytes<host=~\"db.*\">[60d], 30d, min=0), below=5368709120)"),
    Question(
      "Q9", "max(forecast(disk_used_percent<>[30d], 7d, level=90).upper) by (host) > 90",
      prints: "max by (host) (forecast(disk_used_percent<>[30d], 7d, level=90).upper) > 90"),
    Question(
      "Q10",
      """
      avg by (pool) (latency_ms<service=checkout>) / avg by (pool) \
      (latency_ms<service=checkout> offset 1w) > 1.5
      """,
      prints: """
        avg by (pool) (latency_ms<service=checkout>) / avg by (pool) \
        (latency_ms<service=checkout> offset 7d) > 1.5
        """),
    Question(
      "Q11",
      """
      backtest(memory<host=x>[60d] | prep@3() | forecast(7d), folds=4, step=7d, \
      strategy="rolling", metrics=["mae", "mase", "coverage"])
      """,
      prints: """
        backtest(memory<host=x>[60d] | prep@3 | forecast(7d), folds=4, step=7d, \
        strategy="rolling", metrics=["mae", "mase", "coverage"])
        """),
    Question(
      "Q12",
      """
      tune(memory<host=x>[60d] | forecast(1d), grid=(window=[30m, 60m, 120m], hidden=[32, 64]), \
      by="mase", folds=3, budget=10m)
      """,
      prints: """
        tune(memory<host=x>[60d] | forecast(1d), grid=(window=[30m, 1h, 2h], hidden=[32, 64]), \
        by="mase", folds=3, budget=10m)
        """),
    Question(
      "Q13", "explain memory<host=x>[30d] | prep@3() | forecast(7d)",
      prints: "explain memory<host=x>[30d] | prep@3 | forecast(7d)"),
    Question(
      "Q14",
      """
      train cpu<role=web>[30d] | interpolate | forecast(1d, group=[role], model="seq2seq") \
      refresh 1d
      """),
    Question(
      "Q15", "decompose(sum(requests<service=api>)[28d:5m], period=[1d, 1w]).trend",
      prints: "decompose(sum(requests<service=api>)[28d:5m], period=[1d, 7d]).trend"),
  ]
}

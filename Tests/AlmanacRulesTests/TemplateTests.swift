import AlmanacCore
import AlmanacTesting
import Testing

@testable import AlmanacRules

@Suite struct TemplateTests {
  static let labels = [
    "__name__": "up", "instance": "web-1.example.org:9100", "job": "node", "path": "/var/lib",
  ]

  /// What the template makes of a value; `metric` and `nothing` are known queries.
  static func expand(_ text: String, _ value: Double = 5) throws -> String {
    let template = try Template(text, name: "__alert_A", variables: AlertTemplates.variables)
    let (labels, external) = (
      TemplateValue.labels(labels), TemplateValue.labels(["region": "eu"])
    )
    let url = TemplateValue.text("http://prom:9090/p")
    let samples = [("b", 21.0), ("a", 11)].map {
      TemplateSample(labels: ["__name__": "metric", "host": $0.0], value: $0.1)
    }
    return try template.expand(
      TemplateContext(
        dot: .fields([
          "Labels": labels, "ExternalLabels": external, "ExternalURL": url,
          "Value": .number(value),
        ]),
        variables: [
          "labels": labels, "externalLabels": external, "externalURL": url,
          "value": .number(value), "details": .labels(["reason": "usually 3"]),
        ], externalURL: "http://prom:9090/p", now: 1000,
        queries: [
          "metric": .success(samples), "metric{host='a'}": .success([samples[1]]),
          "metric{host='b'}": .success([samples[0]]), "nothing": .success([]),
        ]))
  }

  @Test("templates come out as Prometheus' own do", arguments: KnownTemplates.texts.indices)
  func known(index: Int) throws {
    let one = KnownTemplates.texts[index]
    #expect(try Self.expand(one.template, one.value) == one.text, "\(one.template)")
  }

  @Test("what Prometheus cannot expand is an error", arguments: KnownTemplates.errors)
  func errors(text: String) {
    #expect { try Self.expand(text) } throws: {
      "\($0)".hasPrefix(
        "error executing template __alert_A: template: __alert_A:1: executing \"__alert_A\" at <")
    }
  }

  @Test("what promtool does not know")
  func more() throws {
    #expect(
      try Self.expand(
        "{{ $externalLabels.region }} {{ .ExternalLabels.region }} {{ $externalURL }} "
          + "{{ externalURL }} {{ pathPrefix }}")
        == "eu eu http://prom:9090/p http://prom:9090/p /p")
    #expect(try Self.expand("{{ $value | toDuration }}", 90.5) == "1m30.5s")
    #expect(try Self.expand("{{ tableLink \"up > 1\" }}") == "/p/#q=up+%3E+1")
    #expect(try Self.expand("{{ $details.reason }}|{{ $details.none }}") == "usually 3|")
    #expect(try Self.expand("{{ now }}") == "1000")
    #expect(try Self.expand("plain { text } $value") == "plain { text } $value")
  }

  @Test(
    "what cannot be read is an error that names the place",
    arguments: [
      ("{{ nope 1 }}", "function \"nope\" not defined"), ("{{ $x }}", "undefined variable \"$x\""),
      ("a\n{{ if true }}", "unexpected EOF: {{if}} has no {{end}}"),
      ("{{ end }}", "unexpected {{end}}"), ("{{ $value", "unclosed action"),
      ("{{ \"a }}", "unterminated quoted string"), ("{{ if }}{{ end }}", "missing value for if"),
      ("{{ }}", "missing value for command"), ("{{ 1 | 2 }}", "non executable command"),
      ("{{ (1 }}", "unclosed left paren"), ("{{ 1 ) }}", "unexpected \")\""),
      ("{{ define \"x\" }}{{ end }}", "{{define}} is not supported"),
      ("{{ break }}", "{{break}} outside {{range}}"), ("{{ 1x }}", "bad number syntax"),
      ("{{ if 1 }}{{ $y := 2 }}{{ end }}{{ $y }}", "undefined variable"),
      ("{{ if 1 }}{{ else }}{{ else }}{{ end }}", "expected end"),
      ("{{ /* a }}", "unclosed comment"), ("{{ & }}", "unexpected \"&\""),
    ])
  func unreadable(text: String, message: String) {
    #expect {
      try Template(text, name: "__alert_A", variables: AlertTemplates.variables)
    } throws: {
      let line = text.hasPrefix("a\n") ? 2 : 1
      return "\($0)".hasPrefix("__alert_A:\(line): ") && "\($0)".contains(message)
    }
  }

  @Test("a template that loops in loops ends in an error, not in memory")
  func bomb() {
    let text =
      "{{ range 100000 }}{{ range 100000 }}{{ range 100000 }}xxxxxxxxxxxxxxxx{{ end }}{{ end }}{{ end }}"
    #expect { try Self.expand(text) } throws: { "\($0)".contains("over 1 MiB") }
  }

  @Test("text of random parts never traps", arguments: 0..<20)
  func fuzz(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let parts = [
      "{{", "}}", "{{-", "-}}", " ", "$value", "$labels", ".", ".Labels", "if", "else", "end",
      "range", "with", "|", ":=", "$x", ",", "(", ")", "1", "-", "\"", "`", "printf", "\"%d\"",
      "humanize", "query", "\"metric\"", "first", "\n", "/*", "*/", "é", "nil", "and", "eq",
    ]
    for _ in 0..<500 {
      let count = Int.random(in: 1...14, using: &random)
      let text = (0..<count).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      _ = try? Self.expand(text)
      _ = try? Self.expand("{{ \(text) }}")
    }
  }
}

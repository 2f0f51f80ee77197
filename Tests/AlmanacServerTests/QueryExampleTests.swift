import AlmanacCore
import AlmanacQuery
import Foundation
import Testing

/// Runs the scripts of query-examples/, which docs/query-language.md quotes. README.md there tells
/// their form.
@Suite struct QueryExampleTests {
  static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("query-examples")

  static func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".test") }.sorted()
  }

  @Test("there are examples, and docs/query-language.md names each and quotes the fifteen queries")
  func quoted() throws {
    let files = try Self.files()
    #expect(files.count >= 40)
    let page = Self.folder.deletingLastPathComponent()
      .appendingPathComponent("docs/query-language.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for file in files { #expect(text.contains("](../query-examples/\(file))"), "\(file)") }
    let fifteen = Self.folder.appendingPathComponent("fifteen-queries.test")
    let script = try ExampleScript(String(contentsOf: fifteen, encoding: .utf8))
    let queries = script.steps.compactMap { step -> String? in
      if case .query(let query, _, _) = step { query } else { nil }
    }
    #expect(queries.count == 15)
    for line in queries.flatMap({ $0.split(separator: "\n") }) {
      #expect(text.contains("   \(line)\n"), "\(line)")
    }
  }

  @Test("an example answers what it says", arguments: try files())
  func example(file: String) async throws {
    let text = try String(contentsOf: Self.folder.appendingPathComponent(file), encoding: .utf8)
    let script = try ExampleScript(text)
    #expect(!script.name.isEmpty && !script.shows.isEmpty, "name and shows are missing")
    #expect(!script.steps.isEmpty)
    try await ServerFixture().test { client async throws in
      for step in script.steps {
        switch step {
        case .load(let lines):
          let reply = try await client.post("/write?precision=ns", lines)
          #expect(reply.status == 204, "\(file): \(reply.body)")
        case .query(let query, let parameters, let expected):
          var reply = try await client.csv(query, parameters)
          switch expected {
          case .rows(let rows):
            // On a busy machine a makeshift may answer first.
            for _ in 0..<60 where !rows.fit(reply.body) && reply.body.contains(",yhat,") {
              try await Task.sleep(for: .seconds(1))
              reply = try await client.csv(query, parameters)
            }
            #expect(rows.fit(reply.body), "\(file): \(query)\n\(reply.body.prefix(2000))")
            #expect(reply.status == 200, "\(file): \(query)")
          case .error(let line, let column, let part):
            #expect(reply.status >= 400, "\(file): \(query)")
            #expect(
              reply.body.contains("\"line\":\(line),\"column\":\(column),"),
              "\(file): \(query): \(reply.body)")
            #expect(reply.body.contains(part), "\(file): \(query): \(reply.body)")
          }
        }
      }
    }
  }
}

/// One file of query-examples/.
struct ExampleScript {
  enum Expected {
    case rows(Rows)
    case error(line: Int, column: Int, part: String)
  }

  enum Step {
    /// Line protocol in nanoseconds.
    case load(String)
    case query(String, parameters: String, Expected)
  }

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  /// Times in scripts count from here: 2026-09-01T00:00:00Z.
  static let start = Timestamp(nanoseconds: 1_788_220_800_000_000_000)

  private(set) var name = ""
  private(set) var shows = ""
  private(set) var steps: [Step] = []

  init(_ text: String) throws {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    while let line = lines.popFirst() {
      if line.hasPrefix("# name:") {
        name = line.dropFirst(7).trimmingCharacters(in: .whitespaces)
      } else if line.hasPrefix("# shows:") {
        shows = line.dropFirst(8).trimmingCharacters(in: .whitespaces)
      } else if line.isEmpty || line.hasPrefix("#") {
        continue
      } else if line.hasPrefix("load ") {
        steps.append(.load(try Self.load(String(line.dropFirst(5)), Self.block(&lines))))
      } else if line.hasPrefix("query") {
        steps.append(try Self.query(line, &lines))
      } else {
        throw Malformed(description: "cannot read the line \(line)")
      }
    }
  }

  /// The indented lines that follow, without their indent.
  private static func block(_ lines: inout ArraySlice<String>) -> [String] {
    var block: [String] = []
    while let line = lines.first, line.hasPrefix("  ") {
      block.append(String(line.dropFirst(2)))
      lines.removeFirst()
    }
    return block
  }

  /// `query at 5m`, `query from 0m to 10m step 1m`, then the query, then what it answers.
  private static func query(
    _ header: String, _ lines: inout ArraySlice<String>
  ) throws -> Step {
    let words = header.split(separator: " ").map(String.init)
    var parameters = ""
    let names = ["at": "time", "from": "start", "to": "end", "step": "step"]
    for index in stride(from: 1, to: words.count - 1, by: 2) {
      guard let name = names[words[index]] else {
        throw Malformed(description: "cannot read \(header)")
      }
      let value =
        name == "step"
        ? words[index + 1] : (start + (try duration(words[index + 1]))).description
      parameters += "&\(name)=\(value.percentEncoded)"
    }
    let query = block(&lines).joined(separator: "\n")
    guard let verdict = lines.popFirst() else { throw Malformed(description: "no answer") }
    if let rows = try Rows(verdict, block(&lines)) {
      return .query(query, parameters: parameters, .rows(rows))
    }
    let parts = verdict.split(separator: " ", maxSplits: 2).map(String.init)
    let place = parts.count == 3 ? parts[1].split(separator: ":").compactMap { Int($0) } : []
    guard parts.first == "error", place.count == 2 else {
      throw Malformed(description: "cannot read \(verdict)")
    }
    return .query(
      query, parameters: parameters, .error(line: place[0], column: place[1], part: parts[2]))
  }

  /// Series with values one `step` apart: `memory<host=x> 1 2 _ 4 5+0.5x10`.
  private static func load(_ step: String, _ lines: [String]) throws -> String {
    let step = try duration(step)
    var text = ""
    // What is indented further goes on with the series above it.
    let series = lines.reduce(into: [String]()) { series, line in
      if line.hasPrefix(" "), let last = series.indices.last {
        series[last] += line
      } else {
        series.append(line)
      }
    }
    for line in series {
      guard
        let space = line.lastIndex(of: ">").map({ line.index(after: $0) })
          ?? line.firstIndex(of: " ")
      else { throw Malformed(description: "cannot read the series \(line)") }
      let key = try self.key(String(line[..<space]))
      var time = start
      for word in line[space...].split(separator: " ") {
        for value in try values(String(word)) {
          if let value { text += "\(key) value=\(value) \(time.nanoseconds)\n" }
          time = time + step
        }
      }
    }
    return text
  }

  /// `_` is a gap, `a+bxn` is a and n more values, each b above the one before; `a,b,c*n` is these
  /// n times.
  private static func values(_ word: String) throws -> [Double?] {
    if word == "_" { return [nil] }
    if let star = word.lastIndex(of: "*"), let count = Int(word[word.index(after: star)...]) {
      let once = try word[..<star].split(separator: ",").flatMap { try values(String($0)) }
      return Array(repeatElement(once, count: count).joined())
    }
    if let value = Double(word) { return [value] }
    let parts = word.split(separator: "x").map(String.init)
    guard parts.count == 2, let count = Int(parts[1]) else {
      throw Malformed(description: "cannot read the value \(word)")
    }
    guard let sign = parts[0].dropFirst().lastIndex(where: { $0 == "+" || $0 == "-" }) else {
      guard let first = Double(parts[0]) else {
        throw Malformed(description: "cannot read the value \(word)")
      }
      return [Double?](repeating: first, count: count + 1)
    }
    guard let first = Double(parts[0][..<sign]), let change = Double(parts[0][sign...]) else {
      throw Malformed(description: "cannot read the value \(word)")
    }
    return (0...count).map { first + Double($0) * change }
  }

  /// The line protocol of a selector's metric and labels.
  private static func key(_ text: String) throws -> String {
    guard case .selector(let selector) = try Parser.parseExpression(text),
      let metric = selector.metric
    else { throw Malformed(description: "\(text) is no series") }
    return ([metric] + selector.matchers.map { "\($0.label)=\($0.values[0].text)" })
      .joined(separator: ",")
  }

  private static func duration(_ text: String) throws -> Interval {
    guard case .duration(let literal) = try Parser.parseExpression(text) else {
      throw Malformed(description: "\(text) is no duration")
    }
    return Interval(nanoseconds: literal.value)
  }
}

/// What the rows of an answer must be.
struct Rows {
  private let lines: [String]
  /// How many rows there are behind the header; nil where all of them are given.
  private let count: Int?
  /// By how much numbers may differ.
  private let tolerance: Double?

  /// `rows`, `rows 168`, `rows 168 within 0.5`; nil for another verdict.
  init?(_ verdict: String, _ lines: [String]) throws {
    let words = verdict.split(separator: " ").map(String.init)
    guard words.first == "rows" else { return nil }
    let (count, tolerance) = (
      words.count > 1 ? Int(words[1]) : nil, words.count == 4 ? Double(words[3]) : nil
    )
    guard words.count == 1 || count != nil,
      words.count <= 2 || words.count == 4 && words[2] == "within" && tolerance != nil
    else { throw ExampleScript.Malformed(description: "cannot read \(verdict)") }
    (self.lines, self.count, self.tolerance) = (lines, count, tolerance)
  }

  /// Whether the CSV `body` is as it must be.
  func fit(_ body: String) -> Bool {
    let found = body.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      .map(String.init)
    guard found.count == count.map({ $0 + 1 }) ?? lines.count, found.count >= lines.count else {
      return false
    }
    return zip(lines, found).allSatisfy { line, found in
      let (wanted, cells) = (line.split(separator: ","), found.split(separator: ","))
      return line == found
        || wanted.count == cells.count
          && zip(wanted, cells).allSatisfy { $0 == $1 || isNear(Double($0), Double($1)) }
    }
  }

  private func isNear(_ a: Double?, _ b: Double?) -> Bool {
    guard let tolerance, let a, let b else { return false }
    return abs(a - b) <= tolerance
  }
}

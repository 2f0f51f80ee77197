import AlmanacTerminal
import ArgumentParser
import Foundation

/// `almanac write`: line protocol from a file or standard input to a server.
struct WriteCommand: AsyncParsableCommand {
  enum Precision: String, ExpressibleByArgument, CaseIterable {
    case ns, us, ms, s
  }

  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write line protocol.",
    discussion: """
      almanac write metrics.lp --precision s
      echo 'memory,host=x value=61.5' | almanac write -

      Lines that the server refuses are reported by number and kept in FILE.rejects.
      """)

  @Argument(help: "A file of line protocol, or - for standard input.")
  var file = "-"

  @Option(help: "The unit of the timestamps.")
  var precision = Precision.ns

  @Option(help: "The database; becomes the label db.")
  var database: String?

  @Option(help: "The server to write to.")
  var server = "http://127.0.0.1:8086"

  func run() async throws {
    let input = try input()
    let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int
    var bar = ProgressBar(label: "writing")
    var sender = LineSender(
      client: Client(server: server), precision: precision.rawValue, database: database,
      rejects: file == "-" ? "stdin.rejects" : file + ".rejects")
    var rest = Data()
    var done = 0
    while let piece = try input.read(upToCount: 1 << 20), !piece.isEmpty {
      rest.append(piece)
      done += piece.count
      guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { continue }
      try await sender.send(rest[...end])
      rest = Data(rest[(end + 1)...])
      bar.update(done: done, total: max(size ?? done, done), suffix: "\(sender.lines) lines")
    }
    try await sender.send(rest)
    bar.finish()
    print("\(sender.lines - sender.rejected) lines written, \(sender.rejected) refused")
    if sender.rejected > 0 {
      throw Failure("\(sender.rejected) lines were refused", hint: "see \(sender.rejects)")
    }
  }

  private func input() throws -> FileHandle {
    if file == "-" { return .standardInput }
    guard let handle = FileHandle(forReadingAtPath: file) else {
      throw Failure("cannot read \(file)", hint: "name a file, or - for standard input")
    }
    return handle
  }
}

/// Sends lines in batches and keeps count of what was refused.
struct LineSender {
  let client: Client
  let precision: String
  let database: String?
  let rejects: String
  /// Lines sent, blank ones not counted.
  private(set) var lines = 0
  /// The number of the last line seen.
  private var number = 0
  private(set) var rejected = 0

  private struct Line {
    let number: Int
    let text: Data
  }

  /// Lines in one request.
  private static let batchLines = 5000

  init(client: Client, precision: String, database: String?, rejects: String) {
    self.client = client
    self.precision = precision
    self.database = database
    self.rejects = rejects
  }

  /// Sends whole lines.
  mutating func send(_ text: Data) async throws {
    var batch: [Line] = []
    var all = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // The end of the last line is no line of its own.
    if all.last?.isEmpty == true { all.removeLast() }
    for line in all {
      number += 1
      if line.isEmpty { continue }
      batch.append(Line(number: number, text: Data(line)))
      if batch.count == Self.batchLines {
        try await flush(batch)
        batch = []
      }
    }
    try await flush(batch)
  }

  private mutating func flush(_ batch: [Line]) async throws {
    guard !batch.isEmpty else { return }
    lines += batch.count
    if let refusal = try await post(batch) { try await isolate(batch, refusal) }
  }

  /// Sends one request; the answer where lines were refused, nil where all were taken.
  private func post(_ lines: [Line]) async throws -> Client.Reply? {
    var parameters = [("precision", precision)]
    if let database { parameters.append(("bucket", database)) }
    let reply = try await client.send(
      "POST", "/api/v2/write", parameters: parameters,
      body: Data(lines.map(\.text).joined(separator: [UInt8(ascii: "\n")])))
    switch reply.status {
    case 204: return nil
    case 400, 422: return reply
    default: throw serverFailure(reply)
    }
  }

  /// Finds the bad lines of a batch whose good ones are stored: each half again, down to one line.
  private mutating func isolate(_ batch: [Line], _ refusal: Client.Reply) async throws {
    guard batch.count > 1 else {
      rejected += 1
      Terminal.writeToStandardError("line \(batch[0].number): \(serverFailure(refusal))\n")
      try keep(batch[0].text)
      return
    }
    let middle = batch.count / 2
    for half in [Array(batch[..<middle]), Array(batch[middle...])] {
      if let refusal = try await post(half) { try await isolate(half, refusal) }
    }
  }

  private func keep(_ line: Data) throws {
    let exists =
      FileManager.default.fileExists(atPath: rejects)
      || FileManager.default.createFile(atPath: rejects, contents: nil)
    guard exists, let handle = FileHandle(forWritingAtPath: rejects) else {
      throw Failure("cannot write \(rejects)")
    }
    try handle.seekToEnd()
    try handle.write(contentsOf: line + [UInt8(ascii: "\n")])
    try handle.close()
  }
}

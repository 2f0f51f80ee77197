import Foundation
import FoundationNetworking
import Testing

/// The real program, started, killed and asked as a user would.
final class ServerProcess {
  /// The program: `ALMANAC_BINARY`, else what this build made.
  static let binary: String = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return ProcessInfo.processInfo.environment["ALMANAC_BINARY"]
      ?? root.appendingPathComponent(".build/debug/almanac").path
  }()

  /// Whether the long proofs were asked for.
  static let isSoak = ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1"

  let process = Process()
  let url: String
  /// From the start of the process to its first good answer to /health.
  private(set) var secondsToReady = 0.0

  /// Starts a server on `directory` and waits until it is ready.
  ///
  /// - Parameters:
  ///   - sealAfter: Samples in memory before they are sealed; few make many seals.
  ///   - arguments: Further ones.
  ///   - environment: Variables beside those of the test.
  init(
    directory: String, port: Int, sealAfter: Int = 4_000_000, arguments: [String] = [],
    environment: [String: String] = [:]
  ) async throws {
    url = "http://127.0.0.1:\(port)"
    process.executableURL = URL(fileURLWithPath: Self.binary)
    process.arguments =
      [
        "serve", "--data", directory, "--listen", "127.0.0.1:\(port)", "--log-level", "warning",
        "--seal-after", "\(sealAfter)",
      ] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let began = ContinuousClock.now
    try process.run()
    while true {
      if let status = try? await Self.send("GET", url + "/health").status, status == 200 { break }
      try #require(process.isRunning, "the server ended before it was ready")
      try #require(ContinuousClock.now - began < .seconds(30), "the server was not ready in 30 s")
      try await Task.sleep(for: .milliseconds(10))
    }
    secondsToReady = (ContinuousClock.now - began) / .seconds(1)
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  /// Ends the process at once, as a crash would.
  func killNow() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Asks the process to end; returns its exit code.
  func terminate() -> Int32 {
    process.terminate()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A program of one of these names in `PATH`; nil where there is none.
  static func program(_ names: [String]) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .flatMap { folder in names.map { "\(folder)/\($0)" } }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static func send(
    _ method: String, _ url: String, body: String? = nil
  ) async throws -> (status: Int, body: String) {
    guard let address = URL(string: url) else { throw URLError(.badURL) }
    var request = URLRequest(url: address)
    request.httpMethod = method
    request.httpBody = body.map { Data($0.utf8) }
    request.timeoutInterval = 600
    let (data, response) = try await URLSession.shared.data(for: request)
    return (
      (response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self)
    )
  }

  /// The address of a query's answer.
  func table(_ query: String, _ parameters: String) -> String {
    let encoded = query.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    return "\(url)/api/v1/table?query=\(encoded)\(parameters)"
  }

  /// The rows of a query as CSV fields, without the header.
  func rows(_ query: String, _ parameters: String = "") async throws -> [[Substring]] {
    let reply = try await Self.send("GET", table(query, "&format=csv" + parameters))
    try #require(reply.status == 200, "\(reply.body)")
    return reply.body.split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
  }

  /// Runs the program with `arguments`; its exit code and what it printed.
  static func run(
    _ arguments: [String], input: String? = nil
  ) throws -> (code: Int32, output: String, error: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = arguments
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    if let input {
      let pipe = Pipe()
      process.standardInput = pipe
      try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try pipe.fileHandleForWriting.close()
    }
    try process.run()
    let printed = output.fileHandleForReading.readDataToEndOfFile()
    let complained = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      process.terminationStatus, String(decoding: printed, as: UTF8.self),
      String(decoding: complained, as: UTF8.self)
    )
  }
}

import AlmanacTesting
import Foundation
import Testing

/// The server as the libraries of Python see it.
@Suite(.serialized) struct PythonClientTests {
  static func python(_ arguments: [String]) throws -> (code: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// Why the libraries cannot be used here; nil where they can.
  static let obstacle: String? = {
    let modules = "pandas, pyarrow, prometheus_api_client"
    let found = try? python(["-c", "import \(modules)"])
    return found?.code == 0 ? nil : "python3 with \(modules) is absent"
  }()

  @Test(
    "prometheus-api-client, pandas and pyarrow read what was written",
    .enabled(if: obstacle == nil, "\(obstacle ?? "")"))
  func clients() async throws {
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path, port: FreePorts.next())
    let lines = (0..<600).map { index in
      "m,host=a value=\(index) \(1_788_220_800 + index * 60)\n"
        + "m,host=b value=\(2 * index) \(1_788_220_800 + index * 60)\n"
    }
    let reply = try await ServerProcess.send(
      "POST", server.url + "/write?precision=s", body: lines.joined())
    #expect(reply.status == 204)
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/clients.py").path
    let result = try Self.python([script, server.url])
    #expect(result.code == 0, "\(result.output)")
    #expect(result.output.hasSuffix("ok\n"))
    #expect(server.terminate() == 0)
  }
}

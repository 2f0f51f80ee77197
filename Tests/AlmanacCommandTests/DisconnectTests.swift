import AlmanacTesting
import Foundation
import Glibc
import Testing

/// Clients that go away while they wait.
@Suite(.serialized) struct DisconnectTests {
  /// A connection to a port of this machine that sends one request.
  struct Connection {
    private let descriptor: Int32

    init(port: Int, request: String) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = LocalAddress(port: port)
      let isConnected = address.withSocketAddress { connect(descriptor, $0, $1) == 0 }
      try #require(isConnected)
      let bytes = Array(request.utf8)
      try #require(Glibc.send(descriptor, bytes, bytes.count, 0) == bytes.count)
    }

    /// Closes it: with `isAbort` by a reset, as of a process that was killed.
    func end(isAbort: Bool) {
      if isAbort {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
          descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
      }
      close(descriptor)
    }
  }

  /// The value of a metric of the server.
  static func metric(_ name: String, _ server: ServerProcess) async throws -> Double? {
    let text = try await ServerProcess.send("GET", server.url + "/metrics").body
    return text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
      .flatMap { Double($0.dropFirst(name.count + 1)) }
  }

  @Test("a query ends soon after its client has gone", arguments: [false, true])
  func gone(isAbort: Bool) async throws {
    let directory = try TemporaryDirectory()
    let port = FreePorts.next()
    let server = try await ServerProcess(
      directory: directory.path, port: port,
      arguments: ["--query-timeout", "90s", "--query-memory", "512Mi"])
    let flags = try await ServerProcess.send("GET", server.url + "/api/v1/status/flags").body
    #expect(flags.contains("\"query.timeout\":\"1m30s\""), "\(flags)")
    let lines = (0..<40_000).map { "m,h=\($0 % 2) value=\($0 * 37 % 101) \($0 / 2 * 60)" }
    let reply = try await ServerProcess.send(
      "POST", server.url + "/write?precision=s", body: lines.joined(separator: "\n"))
    #expect(reply.status == 204)
    // Sorting 14,400 values 10,000 times for each series takes many seconds.
    let queries = [
      "/api/v1/query_range?query=quantile_over_time(0.3,m%5B10d%5D)&start=600000&end=1200000&step=60",
      "/api/v1/table?query=quantile_over_time(0.3,m%5B10d%5D)&start=600000&end=1200000&step=60",
    ]
    for (index, query) in queries.enumerated() {
      let connection = try Connection(
        port: port, request: "GET \(query) HTTP/1.1\r\nHost: localhost\r\n\r\n")
      while try await Self.metric("almanac_queries_running", server) != 1 {
        try await Task.sleep(for: .milliseconds(10))
      }
      try await Task.sleep(for: .milliseconds(200))
      #expect(try await Self.metric("almanac_queries_running", server) == 1)
      connection.end(isAbort: isAbort)
      let began = ContinuousClock.now
      while try await Self.metric("almanac_queries_running", server) != 0 {
        try #require(ContinuousClock.now - began < .seconds(5), "the query goes on")
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(try await Self.metric("almanac_queries_cancelled_total", server) == Double(index + 1))
    }
    #expect(server.terminate() == 0)
  }
}

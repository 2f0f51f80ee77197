import AlmanacTesting
import Foundation
import Testing

/// Real host signals (SMD, one minute, see docs/testing.md) written through the line protocol and
/// read back bit for bit. The data is not part of the project: `ALMANAC_DATA` names its folder.
@Suite(.serialized) struct RealSignalsTests {
  static let folder: String? = {
    guard let path = ProcessInfo.processInfo.environment["ALMANAC_DATA"],
      FileManager.default.fileExists(atPath: path + "/smd/series.csv")
    else { return nil }
    return path
  }()

  /// Columns of one host: times as text and a column of texts for each metric.
  struct Host {
    let name: String
    let times: [Substring]
    let metrics: [(name: Substring, values: [Substring])]

    init(_ name: String, folder: String) throws {
      self.name = name
      let unzip = Process()
      unzip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      unzip.arguments = ["gzip", "-dc", "\(folder)/smd/\(name).csv.gz"]
      let pipe = Pipe()
      unzip.standardOutput = pipe
      try unzip.run()
      let text = String(
        decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      unzip.waitUntilExit()
      let lines = text.split(whereSeparator: \.isNewline)
      let header = try #require(lines.first).split(separator: ",").dropFirst()
      let rows = lines.dropFirst().map { $0.split(separator: ",") }
      times = rows.map { $0[0] }
      metrics = header.enumerated().map { index, metric in
        (metric, rows.map { $0[index + 1] })
      }
    }
  }

  static let hosts: [String] = {
    guard let folder else { return [] }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/smd")) ?? []
    let all = files.filter { $0.hasPrefix("machine-") && $0.hasSuffix(".csv.gz") }
      .map { String($0.dropLast(7)) }.sorted()
    return ServerProcess.isSoak ? all : Array(all.prefix(1))
  }()

  @Test(
    "every point comes back with the same bits",
    .enabled(if: folder != nil, "the signals are absent: set ALMANAC_DATA to their folder"))
  func readBack() async throws {
    let folder = try #require(Self.folder)
    let directory = try TemporaryDirectory()
    let server = try await ServerProcess(
      directory: directory.path, port: FreePorts.next())
    for name in Self.hosts {
      let host = try Host(name, folder: folder)
      // In a debug build two metrics take long enough.
      let metrics = ServerProcess.isSoak ? host.metrics[...] : host.metrics.prefix(2)
      let first = try #require(ISO8601DateFormatter().date(from: String(host.times[0])))
      let start = Int(first.timeIntervalSince1970)
      for metric in metrics {
        for batch in stride(from: 0, to: host.times.count, by: 5000) {
          let end = min(batch + 5000, host.times.count)
          let lines = (batch..<end).map { row in
            "\(metric.name),host=\(name) value=\(metric.values[row]) \(start + row * 60)\n"
          }
          let reply = try await ServerProcess.send(
            "POST", server.url + "/write?precision=s", body: lines.joined())
          try #require(reply.status == 204, "\(reply.body)")
        }
      }
      for metric in metrics {
        let rows = try await server.rows(
          "\(metric.name)<host=\"\(name)\">",
          "&start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z")
        #expect(rows.count == host.times.count)
        let same = zip(rows, metric.values).allSatisfy { row, text in
          Double(row[3])?.bitPattern == Double(text)?.bitPattern
        }
        #expect(same, "\(name) \(metric.name)")
        #expect(zip(rows, host.times).allSatisfy { $0[0].prefix(16) == $1.prefix(16) })
      }
    }
    #expect(server.terminate() == 0)
  }
}

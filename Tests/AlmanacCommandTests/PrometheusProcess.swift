import AlmanacTesting
import Foundation
import FoundationNetworking
import Testing

/// A Prometheus of the system, with an empty directory of its own, which takes samples by remote
/// write.
final class PrometheusProcess {
  /// The program in `PATH`, or nil where there is none.
  static let binary = ServerProcess.program(["prometheus"])

  let url: String
  private let process = Process()
  private let directory: TemporaryDirectory

  /// Starts it and waits until it is ready.
  init(_ binary: String) async throws {
    directory = try TemporaryDirectory()
    let configuration = directory.path + "/prometheus.yml"
    try "global:\n  scrape_interval: 1h\n".write(
      toFile: configuration, atomically: true, encoding: .utf8)
    let address = "127.0.0.1:\(FreePorts.next())"
    url = "http://\(address)"
    process.executableURL = URL(fileURLWithPath: binary)
    process.arguments = [
      "--config.file=\(configuration)", "--storage.tsdb.path=\(directory.path)/data",
      "--storage.tsdb.retention.time=100y", "--web.listen-address=\(address)",
      "--web.enable-remote-write-receiver", "--log.level=error",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    let began = ContinuousClock.now
    while (try? await ServerProcess.send("GET", url + "/-/ready").status) != 200 {
      try #require(process.isRunning, "Prometheus ended before it was ready")
      try #require(ContinuousClock.now - began < .seconds(30), "Prometheus was not ready in 30 s")
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  /// Sends samples, which must come in order of time.
  func write(_ series: [RemoteWrite.Series]) async throws {
    let address = try #require(URL(string: url + "/api/v1/write"))
    var request = URLRequest(url: address)
    request.httpMethod = "POST"
    request.httpBody = Data(RemoteWrite.body(of: series))
    request.setValue("application/x-protobuf", forHTTPHeaderField: "Content-Type")
    request.setValue("snappy", forHTTPHeaderField: "Content-Encoding")
    request.setValue("0.1.0", forHTTPHeaderField: "X-Prometheus-Remote-Write-Version")
    let (data, response) = try await URLSession.shared.data(for: request)
    let status = (response as? HTTPURLResponse)?.statusCode
    try #require(status == 204, "\(String(decoding: data, as: UTF8.self))")
  }
}

/// Bodies of Prometheus' remote write 1.0: protobuf in snappy's block format.
enum RemoteWrite {
  /// Labels with the name among them, and samples at unix seconds.
  struct Series {
    var labels: [String: String]
    var samples: [(time: Int, value: Double)]
  }

  static func body(of series: [Series]) -> [UInt8] {
    var request: [UInt8] = []
    for one in series {
      var message: [UInt8] = []
      for (name, value) in one.labels.sorted(by: { $0.key < $1.key }) {
        message += field(1, field(1, Array(name.utf8)) + field(2, Array(value.utf8)))
      }
      for (time, value) in one.samples {
        var sample: [UInt8] = [0x09]
        withUnsafeBytes(of: value.bitPattern.littleEndian) { sample += $0 }
        message += field(2, sample + [0x10] + varint(UInt64(time) * 1000))
      }
      request += field(1, message)
    }
    return snappy(request)
  }

  /// A field of bytes with its number in front.
  private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(UInt64(bytes.count)) + bytes
  }

  private static func varint(_ number: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = number
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// Literals only, of at most 64 KiB.
  private static func snappy(_ bytes: [UInt8]) -> [UInt8] {
    var block = varint(UInt64(bytes.count))
    for start in stride(from: 0, to: bytes.count, by: 65_536) {
      let part = bytes[start..<min(start + 65_536, bytes.count)]
      block += [0xf4, UInt8(truncatingIfNeeded: part.count - 1), UInt8((part.count - 1) >> 8)]
      block += part
    }
    return block
  }
}

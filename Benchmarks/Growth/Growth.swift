import Foundation
import Glibc
import Synchronization

/// Sends the cpu load of the Time Series Benchmark Suite to a running server, made while it is
/// sent, and says how fast it went: `Growth URL HOSTS HOURS [CONNECTIONS]`.
///
/// 10 integer fields of each host every 10 s, each a random walk between 0 and 100, 5,000 lines a
/// body; each connection has hosts of its own. Prints points, seconds and points a second.
@main
enum Growth {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count >= 4, let url = URL(string: arguments[1]), let host = url.host(),
      let hosts = Int(arguments[2]), let hours = Int(arguments[3])
    else {
      print("usage: Growth URL HOSTS HOURS [CONNECTIONS]")
      exit(2)
    }
    let connections = arguments.count > 4 ? Int(arguments[4]) ?? 4 : 4
    let points = Atomic<Int>(0)
    let began = ContinuousClock.now
    DispatchQueue.concurrentPerform(iterations: connections) { number in
      let own = hosts * number / connections..<hosts * (number + 1) / connections
      var sender = Sender(hosts: own, host: host, port: UInt16(url.port ?? 8086))
      points.add(sender.send(ticks: hours * 360), ordering: .relaxed)
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let total = points.load(ordering: .relaxed)
    print("\(total) points in \(seconds) s: \(Int(Double(total) / seconds)) points/s")
  }
}

/// One connection with the hosts that it sends.
private struct Sender {
  private static let linesPerBody = 5_000
  /// 2026-01-01T00:00:00Z.
  private static let epoch = 1_767_225_600
  private static let fields = [
    "usage_user", "usage_system", "usage_idle", "usage_nice", "usage_iowait", "usage_irq",
    "usage_softirq", "usage_steal", "usage_guest", "usage_guest_nice",
  ]

  private let prefixes: [[UInt8]]
  private let names: [[UInt8]]
  private var values: [Float]
  private var random: UInt64
  private let socket: Int32

  init(hosts: Range<Int>, host: String, port: UInt16) {
    prefixes = hosts.map { host in
      Array(
        ("cpu,hostname=host_\(host),region=eu-west-\(host % 9),datacenter=eu-west-\(host % 9)a,"
          + "rack=\(host % 100),os=Ubuntu16.10,arch=x64,team=SF,service=\(host % 20),"
          + "service_version=\(host % 2),service_environment=production ").utf8)
    }
    names = Self.fields.enumerated().map { Array(($0 == 0 ? "\($1)=" : ",\($1)=").utf8) }
    random = UInt64(hosts.lowerBound) &* 2 &+ 0x9E37_79B9_7F4A_7C15
    values = hosts.flatMap { _ in Self.fields.indices.map { Float($0 * 10) } }
    socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    inet_pton(AF_INET, host, &address.sin_addr)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { fail("cannot connect") }
  }

  /// Sends all bodies; returns how many points were acknowledged.
  mutating func send(ticks: Int) -> Int {
    var body: [UInt8] = []
    var lines = 0
    for tick in 0..<ticks {
      let time = Array(" \(Self.epoch + tick * 10)000000000\n".utf8)
      for host in prefixes.indices {
        appendLine(host, time, to: &body)
        lines += 1
        if lines % Self.linesPerBody == 0 {
          post(body)
          body.removeAll(keepingCapacity: true)
        }
      }
    }
    if !body.isEmpty { post(body) }
    close(socket)
    return lines * Self.fields.count
  }

  private mutating func appendLine(_ host: Int, _ time: [UInt8], to body: inout [UInt8]) {
    body += prefixes[host]
    for field in names.indices {
      let index = host * names.count + field
      // About a standard normal step: the sum of four uniform numbers.
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      var step: Float = 0
      for part in 0..<4 { step += Float((random >> UInt64(part * 16)) & 0xFFFF) }
      values[index] = min(100, max(0, values[index] + (step / 65_536 - 2) * 1.73))
      body += names[field]
      let number = Int(values[index].rounded())
      if number >= 100 { body.append(UInt8(ascii: "1")) }
      if number >= 10 { body.append(UInt8(ascii: "0") + UInt8(number / 10 % 10)) }
      body.append(UInt8(ascii: "0") + UInt8(number % 10))
      body.append(UInt8(ascii: "i"))
    }
    body += time
  }

  private func post(_ body: [UInt8]) {
    write(
      Array("POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n".utf8))
    write(body)
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !answer.contains(sequence: [13, 10, 13, 10]) {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { fail("the connection ended") }
      answer += buffer[..<count]
    }
    let status = String(decoding: answer.prefix(12), as: UTF8.self)
    guard status == "HTTP/1.1 204" else { fail("the answer was \(status)") }
  }

  private func write(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes { bytes in
        Glibc.send(socket, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, 0)
      }
      guard count > 0 else { fail("cannot send") }
      sent += count
    }
  }

  private func fail(_ message: String) -> Never {
    print(message)
    exit(1)
  }
}

extension [UInt8] {
  fileprivate func contains(sequence: [UInt8]) -> Bool {
    guard count >= sequence.count else { return false }
    return indices.dropLast(sequence.count - 1).contains { start in
      self[start..<start + sequence.count].elementsEqual(sequence)
    }
  }
}

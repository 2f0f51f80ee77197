import Foundation
import Glibc
import Synchronization
import Testing

/// A receiver of webhooks: a real HTTP server in the test, which notes what it took.
final class AlertReceiver: Sendable {
  /// One request that was answered 200.
  struct Request: Sendable {
    let key: String
    let body: String

    /// Status and name of each alert in it: `firing A`.
    var alerts: [String] {
      get throws {
        let json = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
        let alerts = try #require(json?["alerts"] as? [[String: Any]])
        return alerts.map { alert in
          let labels = alert["labels"] as? [String: String] ?? [:]
          return "\(alert["status"] as? String ?? "") \(labels["alertname"] ?? "")"
        }
      }
    }
  }

  private struct State {
    var status = 200
    var taken: [Request] = []
    var refused = 0
    var isOpen = true
  }

  let url: String
  private let listener: Int32
  private let state = Mutex(State())

  init() throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let port = FreePorts.next()
    var address = LocalAddress(port: port)
    let isBound = address.withSocketAddress { bind(listener, $0, $1) == 0 }
    try #require(isBound && listen(listener, 64) == 0)
    self.listener = listener
    url = "http://127.0.0.1:\(port)/hook?secret=1"
    let thread = Thread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        self.serve(connection)
      }
    }
    thread.start()
  }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  /// What it answers from now on.
  func answer(_ status: Int) { state.withLock { $0.status = status } }

  var taken: [Request] { state.withLock { $0.taken } }
  var refused: Int { state.withLock { $0.refused } }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = recv(connection, &buffer, buffer.count, 0)
      guard count > 0 else { return }
      bytes += buffer[..<count]
      guard let request = Self.request(bytes) else { continue }
      let status = state.withLock { state in
        if state.status == 200 { state.taken.append(request) } else { state.refused += 1 }
        return state.status
      }
      let reply = Array(
        "HTTP/1.1 \(status) X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
      _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
      return
    }
  }

  /// The request, once all of it is there.
  private static func request(_ bytes: [UInt8]) -> Request? {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
    let head = text[..<end.lowerBound].split(separator: "\r\n")
    let field = { (name: String) in
      head.first { $0.lowercased().hasPrefix(name + ":") }
        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
    let body = text[end.upperBound...]
    guard body.utf8.count >= Int(field("content-length") ?? "") ?? 0 else { return nil }
    return Request(key: field("idempotency-key") ?? "", body: String(body))
  }
}

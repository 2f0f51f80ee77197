import Glibc
import Synchronization

/// Ports of this machine that nothing listens on, each given out once: suites run beside each
/// other, and a server must not answer for another's.
enum FreePorts {
  /// Below the ports that the system gives to outgoing connections.
  private static let range = 20_000..<32_000
  private static let taken = Atomic(Int.random(in: 0..<range.count))

  /// The next one.
  static func next() -> Int {
    while true {
      let turn = taken.wrappingAdd(1, ordering: .relaxed).newValue
      let port = range.lowerBound + turn % range.count
      if isFree(port) { return port }
    }
  }

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    // As servers bind: what is left of closed connections does not count.
    var reuse: Int32 = 1
    setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = LocalAddress(port: port)
    return address.withSocketAddress { bind(descriptor, $0, $1) == 0 }
  }
}

/// A port of 127.0.0.1, as the system's calls take it.
struct LocalAddress {
  private var address = sockaddr_in()

  init(port: Int) {
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
  }

  /// Calls `body` with the address and its length.
  mutating func withSocketAddress<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}

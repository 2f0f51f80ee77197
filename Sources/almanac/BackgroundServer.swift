import Foundation

/// A server of this same program that outlives the command that started it.
struct BackgroundServer {
  let directory: String

  /// Marks a directory as the demo's own: only such a one is cleared.
  private var marker: String { directory + "/almanac-demo" }
  private var database: String { directory + "/database" }
  private var processFile: String { directory + "/server.pid" }
  private var logFile: String { directory + "/server.log" }

  /// Makes the directory, empty but for what says that it is the demo's.
  func clear() throws {
    let files = FileManager.default
    let found = (try? files.contentsOfDirectory(atPath: directory)) ?? []
    guard found.isEmpty || found.contains("almanac-demo") else {
      throw Failure(
        "\(directory) holds files that are not the demo's", hint: "choose another --data")
    }
    try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for path in [database, processFile, logFile] where files.fileExists(atPath: path) {
      try files.removeItem(atPath: path)
    }
    try "The demo's directory: its database is made afresh.\n".write(
      toFile: marker, atomically: true, encoding: .utf8)
  }

  /// Starts a server on the first free port from `firstPort` on; returns its URL once it is ready.
  func start(firstPort: Int) async throws -> String {
    for port in firstPort..<firstPort + 50 where isFree(port) {
      let url = "http://127.0.0.1:\(port)"
      let process = try spawn([
        "serve", "--data", database, "--listen", "127.0.0.1:\(port)",
      ])
      try "\(process)\n".write(toFile: processFile, atomically: true, encoding: .utf8)
      for _ in 0..<200 {
        if let reply = try? await Client(server: url).send("GET", "/health"), reply.status == 200 {
          return url
        }
        guard kill(process, 0) == 0, waitpid(process, nil, WNOHANG) == 0 else { break }
        try await Task.sleep(for: .milliseconds(50))
      }
      throw Failure("cannot start the demo's server", hint: "see \(logFile)")
    }
    throw Failure(
      "no port from \(firstPort) to \(firstPort + 49) is free", hint: "choose another --port")
  }

  /// Ends the server that was started here; false where none runs.
  func stop() throws -> Bool {
    guard let text = try? String(contentsOfFile: processFile, encoding: .utf8),
      let process = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)),
      isOurs(process)
    else { return false }
    kill(process, SIGTERM)
    for _ in 0..<200 {
      if !isOurs(process) { break }
      usleep(50_000)
    }
    try? FileManager.default.removeItem(atPath: processFile)
    return true
  }

  /// Whether `process` is this program: a number from an old file may be somebody else's by now.
  private func isOurs(_ process: pid_t) -> Bool {
    let path = "/proc/\(process)/cmdline"
    guard let data = FileManager.default.contents(atPath: path) else { return false }
    let arguments = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    return arguments.contains("serve") && arguments.contains(database)
  }

  private func isFree(_ port: Int) -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    var reuse: CInt = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// Starts this program in a session of its own, so that closing the terminal leaves it alone.
  private func spawn(_ arguments: [String]) throws -> pid_t {
    let program = "/proc/self/exe"
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: program)) ?? program
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // POSIX_SPAWN_SETSID, which spawn.h shows to programs with _GNU_SOURCE only.
    posix_spawnattr_setflags(&attributes, 0x80)
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var strings: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    strings.append(nil)
    defer { for string in strings { free(string) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, path, &actions, &attributes, strings, environ)
    guard code == 0 else {
      throw Failure("cannot start \(path): \(String(cString: strerror(code)))")
    }
    return process
  }
}

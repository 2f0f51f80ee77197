internal import Glibc

/// Holds a directory for one server: the kernel lets go of it when the process ends, however.
final class DirectoryLock: Sendable {
  private let descriptor: CInt

  /// Locks the file `almanac.lock` in `directory`.
  init(directory: String) throws(StoreError) {
    let path = directory + "/almanac.lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw StoreError(.cannotOpen, "cannot open \(path): \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw StoreError(
        .locked,
        "cannot open \(directory): another Almanac server uses it; stop that one or choose "
          + "another directory with --data")
    }
  }

  deinit {
    close(descriptor)
  }

  /// Makes `path` with its parents where they are missing.
  static func makeDirectory(_ path: String) throws(StoreError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/" + part
      let parent = made.lastIndex(of: "/").map { String(made[..<$0]) } ?? "."
      if mkdir(made, 0o755) == 0 {
        try sync(parent.isEmpty ? "/" : parent)
      } else if errno != EEXIST {
        throw StoreError(.cannotOpen, "cannot make \(made): \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Writes the names in a directory to disk.
  static func sync(_ path: String) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw StoreError(.cannotOpen, "cannot sync \(path): \(String(cString: strerror(errno)))")
    }
  }
}

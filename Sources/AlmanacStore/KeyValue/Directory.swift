internal import Glibc

/// Folders: made, listed and synced.
enum Directory {
  /// Makes `path` with its parents where they are missing.
  static func make(_ path: String) throws(StoreError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      made += made.isEmpty || made == "/" ? String(part) : "/" + part
      if mkdir(made, 0o755) == 0 {
        try sync(parent(of: made))
      } else if errno != EEXIST {
        throw StoreError(.cannotOpen, "cannot make \(made): \(String(cString: strerror(errno)))")
      }
    }
  }

  /// The folder that holds `path`.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Writes the names in a folder to disk.
  static func sync(_ path: String) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fsync(descriptor) == 0 else {
      throw StoreError(errno: errno, "sync", path)
    }
  }

  /// Gives the file `path` the name `target`; durable when this returns.
  static func rename(_ path: String, to target: String) throws(StoreError) {
    guard Glibc.rename(path, target) == 0 else { throw StoreError(errno: errno, "rename", path) }
    try sync(parent(of: target))
  }

  /// Writes the contents of the file `path` to disk.
  static func syncFile(_ path: String) throws(StoreError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    guard descriptor >= 0, fdatasync(descriptor) == 0 else {
      throw StoreError(errno: errno, "sync", path)
    }
  }

  /// Takes room on disk for the first `bytes` of the file `path`, made where it is missing.
  static func reserve(_ path: String, bytes: Int) throws(StoreError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw StoreError(errno: errno, "open", path) }
    defer { close(descriptor) }
    let code = posix_fallocate(descriptor, 0, bytes)
    guard code == 0 else { throw StoreError(errno: code, "take room for", path) }
  }

  /// Maps the file `path` for reading; an empty one has no memory.
  static func map(_ path: String) throws(StoreError) -> UnsafeRawBufferPointer {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw StoreError(errno: errno, "open", path) }
    defer { close(descriptor) }
    let size = try size(ofFile: path)
    guard size > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    let memory = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let memory, memory != MAP_FAILED else { throw StoreError(errno: errno, "map", path) }
    // Reads are short ranges.
    madvise(memory, size, MADV_RANDOM)
    return UnsafeRawBufferPointer(start: memory, count: size)
  }

  /// Bytes of the file `path`.
  static func size(ofFile path: String) throws(StoreError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else { throw StoreError(errno: errno, "read the size of", path) }
    return Int(status.st_size)
  }

  /// Makes `target` another name of the file `source`, or a synced copy on another disk. An earlier
  /// `target` stays.
  static func linkOrCopy(_ source: String, to target: String) throws(StoreError) {
    if link(source, target) == 0 || errno == EEXIST { return }
    guard errno == EXDEV || errno == EPERM else { throw StoreError(errno: errno, "link", source) }
    let input = open(source, O_RDONLY | O_CLOEXEC)
    guard input >= 0 else { throw StoreError(errno: errno, "read", source) }
    defer { close(input) }
    let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard output >= 0 else { throw StoreError(errno: errno, "write", target) }
    defer { close(output) }
    while true {
      let count = sendfile(output, input, nil, 1 << 30)
      if count == 0 { break }
      guard count > 0 else { throw StoreError(errno: errno, "copy to", target) }
    }
    guard fdatasync(output) == 0 else { throw StoreError(errno: errno, "sync", target) }
  }

  /// Writes `bytes` as the file `path`, synced.
  static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
    let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard output >= 0 else { throw StoreError(errno: errno, "write", path) }
    defer { close(output) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
      guard count > 0 else { throw StoreError(errno: errno, "write", path) }
      rest = rest.dropFirst(count)
    }
    guard fdatasync(output) == 0 else { throw StoreError(errno: errno, "sync", path) }
  }

  /// The names in a folder; none where there is no such folder.
  static func files(in path: String) throws(StoreError) -> [String] {
    guard let folder = opendir(path) else {
      if errno == ENOENT { return [] }
      throw StoreError(errno: errno, "list", path)
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}

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
    // From here on `deinit` closes it, also where this throws.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw StoreError(
        .locked,
        "cannot open \(directory): another Almanac server uses it; stop that one or choose "
          + "another directory with --data")
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }
}

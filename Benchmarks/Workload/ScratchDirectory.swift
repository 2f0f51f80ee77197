internal import Foundation
internal import Synchronization

/// A directory on a real disk for one benchmark, removed when the last user lets go of it.
///
/// Lies in `ALMANAC_BENCHMARK_DIRECTORY`, else in `/var/tmp`, which unlike `/tmp` is no memory
/// file system by its definition: a sync that reaches no disk would measure nothing.
public final class ScratchDirectory: Sendable {
  /// Where it is.
  public let path: String

  private static let paths = Mutex<Set<String>>([])

  /// Makes the directory.
  public init() throws {
    let parent = ProcessInfo.processInfo.environment["ALMANAC_BENCHMARK_DIRECTORY"] ?? "/var/tmp"
    path = "\(parent)/almanac-benchmark-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    Self.paths.withLock { [path] in _ = $0.insert(path) }
  }

  deinit {
    Self.remove(path)
  }

  /// Removes the directories that are left: a benchmark's setup keeps its own until the process
  /// ends, and then nothing is let go of.
  public static func removeAll() {
    for path in paths.withLock({ $0 }) { remove(path) }
  }

  private static func remove(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
    paths.withLock { _ = $0.remove(path) }
  }
}

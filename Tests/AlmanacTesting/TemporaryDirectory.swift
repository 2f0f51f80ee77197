internal import Foundation

/// A directory of its own for one test, removed when the last user lets go of it.
public final class TemporaryDirectory: Sendable {
  /// Where it is.
  public let path: String

  /// Makes the directory.
  public init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("almanac-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

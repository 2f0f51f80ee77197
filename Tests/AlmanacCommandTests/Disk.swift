import AlmanacTesting
import Foundation
import Glibc
import Testing

/// The shim of `Fixtures/disk.c`: it writes down what a program asks of the disk, and fails when
/// told to.
final class Disk {
  /// Why the shim cannot be used; nil where it can.
  static let obstacle: String? = {
    #if os(Linux)
      return library == nil ? "there is no C compiler to build Fixtures/disk.c with" : nil
    #else
      return "the shim of Fixtures/disk.c is for Linux"
    #endif
  }()

  /// The built shim.
  private static let library: String? = {
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/disk.c").path
    let target = FileManager.default.temporaryDirectory
      .appendingPathComponent("almanac-disk-\(getpid()).so").path
    for compiler in ["clang", "cc", "gcc"] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [compiler, "-shared", "-fPIC", "-O1", source, "-o", target, "-ldl"]
      guard (try? process.run()) != nil else { continue }
      process.waitUntilExit()
      guard process.terminationStatus == 0 else { continue }
      atexit { _ = Disk.library.map { unlink($0) } }
      return target
    }
    return nil
  }()

  /// What fails; the numbers of `enum fault`.
  enum Fault: UInt8, CaseIterable, Sendable {
    case none, full, write, sync, readOnly, meta, catalog
  }

  /// The folder of it all, without links, as the shim knows paths.
  let folder: String
  let root: String
  let log: String
  private let control: UnsafeMutableRawPointer

  /// A disk for files under `root`, made here; its log and its control lie beside it.
  init(in directory: TemporaryDirectory) throws {
    folder = URL(fileURLWithPath: directory.path).resolvingSymlinksInPath().path
    root = folder + "/data"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    log = folder + "/disk.log"
    let path = folder + "/disk.control"
    try Data(count: 64).write(to: URL(fileURLWithPath: path))
    let descriptor = open(path, O_RDWR)
    defer { close(descriptor) }
    let memory = mmap(nil, 64, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    control = try #require(memory)
  }

  deinit {
    munmap(control, 64)
  }

  /// What the program must be started with.
  func environment(recording: Bool) -> [String: String] {
    var variables = [
      "LD_PRELOAD": Self.library ?? "", "DISK_ROOT": root,
      "DISK_CONTROL": (log as NSString).deletingPathExtension + ".control",
    ]
    if recording { variables["DISK_LOG"] = log }
    return variables
  }

  /// What fails from now on.
  func fail(_ fault: Fault) {
    control.storeBytes(of: 0, toByteOffset: 1, as: UInt8.self)
    control.storeBytes(of: fault.rawValue, as: UInt8.self)
  }

  /// What fails from the `count`th write on, 1 to 255.
  func fail(_ fault: Fault, afterWrites count: UInt8) {
    control.storeBytes(of: fault.rawValue, toByteOffset: 2, as: UInt8.self)
    control.storeBytes(of: count, toByteOffset: 1, as: UInt8.self)
  }
}

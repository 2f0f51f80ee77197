import AlmanacStore
import ArgumentParser
import Logging

/// `almanac backup`: a copy of a directory, in use or not.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy a database directory, also while a server uses it.",
    discussion: """
      The copy is a database directory itself and holds at least what was acknowledged before the \
      command began. Sealed data is linked where both are on one disk: keep a backup elsewhere too.
      """)

  @Argument(help: "The directory of the database.")
  var directory: String

  @Argument(help: "A new folder for the copy.")
  var target: String

  func run() async throws {
    try await copy(directory, to: target)
    print("copied \(directory) to \(target)")
  }
}

/// `almanac restore`: a backup becomes a directory again.
struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a backup back, checked, as a database directory.")

  @Argument(help: "The folder of the backup.")
  var backup: String

  @Argument(help: "A new directory for the database.")
  var directory: String

  func run() async throws {
    try report(try StoreCheck(directory: backup), directory: backup)
    try await copy(backup, to: directory)
    print("restored \(backup) to \(directory)")
  }
}

/// `almanac check`: reads everything and says what is damaged.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Verify every checksum of a database directory.",
    discussion: "Exit code 1 where something is damaged.")

  @Argument(help: "The directory of the database.")
  var directory: String

  @Flag(
    help: """
      Set damaged blocks and journal records aside, in the folder `damaged`, and keep the rest. No \
      server may use the directory.
      """)
  var repair = false

  func run() async throws {
    try report(try StoreCheck(directory: directory, repair: repair), directory: directory)
  }
}

private func copy(_ source: String, to target: String) async throws {
  var options = Store.Options()
  options.isReadOnly = true
  let store = try Store(
    directory: source, options: options,
    logger: Logger(label: "almanac") { _ in SwiftLogNoOpLogHandler() })
  try await store.backup(to: target)
}

/// Prints what a check found; throws where something is damaged.
private func report(_ check: StoreCheck, directory: String) throws {
  print(
    """
    \(check.series) series, \(check.parts) parts with \(check.blocks) blocks and \
    \(check.sealedSamples) samples, \(check.journalPoints) points in journals
    """)
  for damage in check.damages {
    print("damaged: \(damage.message)" + (damage.setAside.map { "; set aside as \($0)" } ?? ""))
  }
  guard let first = check.damages.first else { return }
  if check.damages.allSatisfy({ $0.setAside != nil }) { return }
  throw Failure(
    "\(directory): \(check.damages.count) damaged, first \(first.message)",
    hint: "almanac check --repair sets damage aside and keeps the rest; a backup has all of it")
}

internal import AlmanacStore
internal import Logging

extension Store {
  /// What `read` makes of the records of a kind, in order of name. What it makes nothing of is left
  /// out with a warning that calls it `what`.
  func readRecords<T>(
    _ kind: RecordKind, _ what: String, logger: Logger, _ read: (String, String) -> T?
  ) throws -> [T] {
    try records(kind).compactMap { name, text in
      let one = read(name, text)
      if one == nil { logger.warning("cannot read the \(what) \(name)") }
      return one
    }
  }
}

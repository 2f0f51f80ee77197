import AlmanacTesting
import Foundation

/// Plays a log of a disk up to a moment, and makes the folder that a power cut then may leave.
///
/// What was synced is there. Of each write since the last sync of its file every page may be there,
/// be torn at 512 bytes, or not. Of the names in a folder that was not synced since, the first few
/// changes are there. The size of a file that grew is any up to its size.
struct PowerCut {
  private static let page = 4096
  private static let sector = 512

  private final class File {
    var durable = Data()
    /// Written and not synced: pieces inside one page, in order, and sizes it was cut to.
    var pending: [Change] = []

    enum Change {
      case piece(offset: Int, data: Data)
      case size(Int)
    }

    func sync() {
      for change in pending { File.apply(change, to: &durable) }
      pending = []
    }

    static func apply(_ change: Change, to data: inout Data) {
      switch change {
      case .size(let size):
        if size < data.count {
          data.removeLast(data.count - size)
        } else {
          data.append(Data(count: size - data.count))
        }
      case .piece(let offset, let piece):
        let end = offset + piece.count
        if end > data.count { data.append(Data(count: end - data.count)) }
        data.replaceSubrange(offset..<end, with: piece)
      }
    }

    func write(_ offset: Int, _ data: Data, isDurable: Bool) {
      if isDurable { overwrite(offset, data) }
      var start = 0
      while start < data.count {
        let position = offset + start
        let end = min(data.count, start + PowerCut.page - position % PowerCut.page)
        let piece = Change.piece(
          offset: position, data: data.subdata(in: data.startIndex + start..<data.startIndex + end))
        if isDurable { File.apply(piece, to: &durable) } else { pending.append(piece) }
        start = end
      }
    }

    /// Older pieces must not come after a newer write that is durable.
    private func overwrite(_ offset: Int, _ data: Data) {
      pending = pending.map { change in
        guard case .piece(let start, var piece) = change else { return change }
        let (low, high) = (max(start, offset), min(start + piece.count, offset + data.count))
        guard low < high else { return change }
        piece.replaceSubrange(
          low - start..<high - start,
          with: data[data.startIndex + low - offset..<data.startIndex + high - offset])
        return .piece(offset: start, data: piece)
      }
    }

    /// What a power cut may leave of it.
    func survivor(_ random: inout SeededGenerator) -> Data {
      var data = durable
      guard !pending.isEmpty else { return data }
      // Often all or nothing, else each piece by itself.
      let share = [0, 1, 0.5, Double.random(in: 0...1, using: &random)].randomElement(
        using: &random)
      for change in pending where Double.random(in: 0..<1, using: &random) < share ?? 0 {
        guard case .piece(let offset, let piece) = change,
          Int.random(in: 0..<4, using: &random) == 0
        else {
          File.apply(change, to: &data)
          continue
        }
        // Sectors of a torn page.
        var start = 0
        while start < piece.count {
          let end = min(piece.count, start + PowerCut.sector - (offset + start) % PowerCut.sector)
          if Bool.random(using: &random) {
            File.apply(
              .piece(offset: offset + start, data: piece.subdata(in: start..<end)), to: &data)
          }
          start = end
        }
      }
      if data.count > durable.count, Bool.random(using: &random) {
        data = data.prefix(Int.random(in: durable.count...data.count, using: &random))
      }
      return data
    }
  }

  private enum NameChange {
    case add(String, File)
    case remove(String)
    case move(String, String)
    case folder(String)
  }

  private let log: DiskLog
  private let root: String
  private var descriptors: [Int32: File] = [:]
  /// Names as the program sees them, and as they are on disk.
  private var names: [String: File] = [:]
  private var durableNames: [String: File] = [:]
  private var durableFolders: Set<String>
  /// Changes since the last sync of each folder, in order.
  private var pending: [String: [NameChange]] = [:]

  private init(_ log: DiskLog, root: String) {
    self.log = log
    self.root = root
    durableFolders = [root]
  }

  private static func parent(_ path: String) -> String {
    (path as NSString).deletingLastPathComponent
  }

  private mutating func play(_ record: DiskLog.Record) {
    switch record.operation {
    case .open(let path, let isNew, let isEmptied):
      if isNew {
        let file = File()
        names[path] = file
        pending[Self.parent(path), default: []].append(.add(path, file))
      }
      let file = names[path]
      if isEmptied { file?.pending.append(.size(0)) }
      descriptors[record.descriptor] = file
    case .close: descriptors[record.descriptor] = nil
    case .write(let offset, let data, let isDurable):
      descriptors[record.descriptor]?.write(offset, log.bytes[data], isDurable: isDurable)
    case .truncate(let size): descriptors[record.descriptor]?.pending.append(.size(size))
    case .sync: descriptors[record.descriptor]?.sync()
    case .syncFolder(let path):
      for change in pending[path] ?? [] { Self.apply(change, &durableNames, &durableFolders) }
      pending[path] = []
    case .rename(let old, let new):
      names[new] = names.removeValue(forKey: old)
      pending[Self.parent(new), default: []].append(.move(old, new))
    case .link(let old, let new):
      guard let file = names[old] else { return }
      names[new] = file
      pending[Self.parent(new), default: []].append(.add(new, file))
    case .unlink(let path):
      names[path] = nil
      pending[Self.parent(path), default: []].append(.remove(path))
    case .makeFolder(let path): pending[Self.parent(path), default: []].append(.folder(path))
    }
  }

  private static func apply(
    _ change: NameChange, _ names: inout [String: File], _ folders: inout Set<String>
  ) {
    switch change {
    case .add(let path, let file): names[path] = file
    case .remove(let path): names[path] = nil
    case .move(let old, let new): if let file = names.removeValue(forKey: old) { names[new] = file }
    case .folder(let path): folders.insert(path)
    }
  }

  /// Writes what a power cut during operation number `end` may leave of the folder `root` into the
  /// new folder `target`.
  static func make(
    _ log: DiskLog, root: String, during end: Int, into target: String,
    _ random: inout SeededGenerator
  ) throws {
    var disk = PowerCut(log, root: root)
    for record in log.records[..<end] { disk.play(record) }
    // An operation under way may have reached the disk, or some of it.
    if end < log.records.count, Bool.random(using: &random) {
      let record = log.records[end]
      switch record.operation {
      case .sync, .syncFolder: break
      case .write(let offset, let data, _):
        disk.descriptors[record.descriptor]?.write(offset, log.bytes[data], isDurable: false)
      default: disk.play(record)
      }
    }
    try disk.leave(in: target, &random)
  }

  private mutating func leave(in target: String, _ random: inout SeededGenerator) throws {
    for (_, changes) in pending.sorted(by: { $0.key < $1.key }) {
      for change in changes.prefix(Int.random(in: 0...changes.count, using: &random)) {
        Self.apply(change, &durableNames, &durableFolders)
      }
    }
    for folder in durableFolders.sorted() {
      try FileManager.default.createDirectory(
        atPath: target + folder.dropFirst(root.count), withIntermediateDirectories: true)
    }
    for (path, file) in durableNames.sorted(by: { $0.key < $1.key })
    where durableFolders.contains(Self.parent(path)) {
      try file.survivor(&random).write(
        to: URL(fileURLWithPath: target + path.dropFirst(root.count)))
    }
  }
}

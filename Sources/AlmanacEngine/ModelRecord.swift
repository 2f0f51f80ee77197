public import AlmanacCore
public import AlmanacForecast

/// A trained model as the store keeps it, with what lists and answers say of it.
///
/// docs/format/model.md is the page of this format.
public struct ModelRecord: Sendable {
  /// The series it was trained on.
  public var key: SeriesKey
  /// The canonical text of its input and its parameters.
  public var plan: String
  /// When it was trained.
  public var created: Timestamp
  /// How long the training took, seconds.
  public var trainingSeconds: Double
  /// The model itself.
  public var model: ForecastModel

  static let version: UInt8 = 1

  /// The record as bytes.
  func encoded() -> [UInt8] {
    var bytes: [UInt8] = [Self.version]
    bytes.appendBlock(key.encoded)
    bytes.appendBlock(Array(plan.utf8))
    bytes.appendBlock(Array(String(created.nanoseconds).utf8))
    bytes.appendBlock(Array(trainingSeconds.shortestText.utf8))
    bytes.appendBlock(model.encoded())
    return bytes
  }

  /// Reads what `encoded()` wrote; throws `DamagedModel` on anything else.
  init(encoded bytes: [UInt8]) throws {
    guard bytes.first == Self.version else { throw DamagedModel("unknown version") }
    var rest = bytes.dropFirst()
    guard let key = SeriesKey(encoded: try rest.takeBlock()) else {
      throw DamagedModel("malformed series key")
    }
    self.key = key
    plan = String(decoding: try rest.takeBlock(), as: UTF8.self)
    guard let created = Int64(String(decoding: try rest.takeBlock(), as: UTF8.self)),
      let seconds = Double(String(decoding: try rest.takeBlock(), as: UTF8.self))
    else { throw DamagedModel("malformed times") }
    self.created = Timestamp(nanoseconds: created)
    trainingSeconds = seconds
    model = try ForecastModel(encoded: Array(try rest.takeBlock()))
    guard rest.isEmpty else { throw DamagedModel("bytes after the end") }
  }

  /// A record of a model trained now.
  init(
    key: SeriesKey, plan: String, created: Timestamp, trainingSeconds: Double,
    model: ForecastModel
  ) {
    self.key = key
    self.plan = plan
    self.created = created
    self.trainingSeconds = trainingSeconds
    self.model = model
  }
}

/// The bytes under a model's key are no model; it is trained anew.
struct DamagedModel: Error, CustomStringConvertible {
  let description: String

  init(_ reason: String) {
    description = "cannot read a stored model: \(reason)"
  }
}

extension [UInt8] {
  /// Four bytes of length, little endian, and the bytes.
  fileprivate mutating func appendBlock(_ block: [UInt8]) {
    var length = UInt32(block.count)
    for _ in 0..<4 {
      append(UInt8(truncatingIfNeeded: length))
      length >>= 8
    }
    append(contentsOf: block)
  }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func takeBlock() throws -> ArraySlice<UInt8> {
    guard count >= 4 else { throw DamagedModel("cut short") }
    let length = prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    self = dropFirst(4)
    guard count >= length else { throw DamagedModel("cut short") }
    defer { self = dropFirst(length) }
    return prefix(length)
  }
}

internal import AlmanacCore

/// Parameters of a query string or of an `application/x-www-form-urlencoded` body: percent
/// escapes decoded, `+` read as a space (WHATWG URL, section 5.1).
struct RequestParameters {
  private var values: [(name: String, value: String)] = []

  /// No parameters.
  init() {}

  /// Reads `text`; of parts that are no valid escapes the bytes are kept as they are.
  init(_ text: some StringProtocol) {
    for part in text.utf8.split(separator: UInt8(ascii: "&")) {
      let sides = part.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      values.append((Self.decode(sides[0]), sides.count > 1 ? Self.decode(sides[1]) : ""))
    }
  }

  /// The first value of `name`, or nil.
  subscript(_ name: String) -> String? { values.first { $0.name == name }?.value }

  /// All values of `name` in order.
  func all(_ name: String) -> [String] { values.filter { $0.name == name }.map(\.value) }

  /// Takes in `other`, whose values count where both have a name.
  mutating func prepend(_ other: RequestParameters) {
    values = other.values + values
  }

  /// The text that `bytes` escape.
  ///
  /// - Parameter isForm: whether `+` is a space; in a path it is itself.
  static func decode(_ bytes: some Sequence<UInt8>, isForm: Bool = true) -> String {
    let bytes = Array(bytes)
    var decoded: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = hexadecimal(bytes[index + 1]), let low = hexadecimal(bytes[index + 2])
      {
        decoded.append(high << 4 | low)
        index += 3
      } else {
        let isSpace = isForm && bytes[index] == UInt8(ascii: "+")
        decoded.append(isSpace ? UInt8(ascii: " ") : bytes[index])
        index += 1
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

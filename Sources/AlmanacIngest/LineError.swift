/// Why one line was refused, in InfluxDB's words, and where.
public struct LineError: Error, Sendable, Equatable {
  /// What is wrong with a line.
  public enum Kind: Sendable {
    /// It does not follow the grammar; InfluxDB 2 answers 400.
    case syntax
    /// It can be read but says what cannot be stored: a number or time out of range, a key too
    /// long, a tag given twice; InfluxDB 2 answers 422.
    case semantic
  }

  /// The number of the line in the body, from 1; of the first one where a quoted string spans
  /// several.
  public let line: Int
  /// Where in the line, leading spaces included, the trouble was found, in bytes from 1.
  public let column: Int
  /// Whether the line cannot be read or cannot be stored.
  public let kind: Kind
  /// The line without leading spaces; cut to about 200 bytes, ending in `...` then; what is not
  /// UTF-8 is replaced.
  public let text: String
  /// The reason, such as `missing fields`.
  public let reason: String

  /// An error at `line` and `column`.
  public init(line: Int, column: Int, kind: Kind, text: String, reason: String) {
    self.line = line
    self.column = column
    self.kind = kind
    self.text = text
    self.reason = reason
  }

  /// `unable to parse '<line>': <reason>`, as InfluxDB puts it.
  public var message: String { "unable to parse '\(text)': \(reason)" }
}

extension LineError {
  /// The most bytes of a line that `text` quotes.
  static let textLimit = 200

  /// What `text` says of a line of these bytes.
  static func text(of line: UnsafeRawBufferPointer) -> String {
    let whole = String(decoding: line.prefix(textLimit + 4), as: UTF8.self)
    guard line.count > textLimit || whole.utf8.count > textLimit else { return whole }
    var cut = ""
    var count = 0
    for scalar in whole.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= textLimit else { break }
      cut.unicodeScalars.append(scalar)
    }
    return cut + "..."
  }
}

/// Why and where parsing stopped, before anything is spent on words.
struct Fault: Error {
  /// The address of the byte where the trouble was found.
  let address: Int
  let reason: Reason

  init(_ reason: Reason, at pointer: UnsafeRawPointer) {
    address = Int(bitPattern: pointer)
    self.reason = reason
  }

  enum Reason {
    case missingMeasurement, missingTagKey, missingTagValue, invalidTagFormat, duplicateTags
    case missingFields, missingFieldKey, missingFieldValue, invalidFieldFormat, unbalancedQuotes
    case invalidNumber, invalidFloat, floatRange, invalidBoolean
    case badTimestamp, trailingBytes, timeOutsideRange
    case zeroByte, invalidUTF8, zeroByteInDatabase, tooManySeries, reservedTag
    /// Digits that fit no 64 bits; `length` bytes from the fault on, the sign included.
    case integerRange(length: Int)
    case unsignedRange(length: Int)
    case keyLength(Int)
  }

  var kind: LineError.Kind {
    switch reason {
    case .duplicateTags, .timeOutsideRange, .integerRange, .unsignedRange, .floatRange,
      .keyLength, .tooManySeries, .zeroByteInDatabase, .reservedTag:
      .semantic
    default: .syntax
    }
  }

  /// The reason in words; `line` are the bytes that it was found in.
  func words(in line: UnsafeRawBufferPointer) -> String {
    switch reason {
    case .missingMeasurement: return "missing measurement"
    case .missingTagKey: return "missing tag key"
    case .missingTagValue: return "missing tag value"
    case .invalidTagFormat: return "invalid tag format"
    case .duplicateTags: return "duplicate tags"
    case .missingFields: return "missing fields"
    case .missingFieldKey: return "missing field key"
    case .missingFieldValue: return "missing field value"
    case .invalidFieldFormat: return "invalid field format"
    case .unbalancedQuotes: return "unbalanced quotes"
    case .invalidNumber: return "invalid number"
    case .invalidFloat, .floatRange: return "invalid float"
    case .invalidBoolean: return "invalid boolean"
    case .badTimestamp: return "bad timestamp"
    case .trailingBytes: return "point is invalid"
    case .timeOutsideRange:
      return "time outside range \(LineProtocol.earliest) - \(LineProtocol.latest)"
    case .zeroByte: return "zero byte in key"
    case .invalidUTF8: return "invalid UTF-8 in key"
    case .zeroByteInDatabase: return "zero byte in database name"
    case .tooManySeries: return "too many series in one write"
    case .reservedTag: return "tag name __name__ is reserved for the metric"
    case .integerRange(let length):
      let digits = digits(length, in: line)
      return "unable to parse integer \(digits): "
        + "strconv.ParseInt: parsing \"\(digits)\": value out of range"
    case .unsignedRange(let length):
      let digits = digits(length, in: line)
      return "unable to parse unsigned \(digits): "
        + "strconv.ParseUint: parsing \"\(digits)\": value out of range"
    case .keyLength(let count):
      return "max key length exceeded: \(count) > \(LineProtocol.keyLimit)"
    }
  }

  private func digits(_ length: Int, in line: UnsafeRawBufferPointer) -> String {
    let start = address - Int(bitPattern: line.baseAddress)
    guard start >= 0, start + length <= line.count else { return "" }
    return LineError.text(of: UnsafeRawBufferPointer(rebasing: line[start..<start + length]))
  }
}

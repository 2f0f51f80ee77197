import Testing

@testable import AlmanacQuery

/// A text that is refused, with where and why.
struct RefusedQuery: Sendable, CustomTestStringConvertible {
  var text: String
  var line: Int
  var column: Int
  /// Parts of the message and of the hint.
  var message: String
  var hint: String
  var testDescription: String { text }

  init(_ text: String, _ column: Int, _ message: String, _ hint: String) {
    self.init(text, 1, column, message, hint)
  }

  init(_ text: String, _ line: Int, _ column: Int, _ message: String, _ hint: String) {
    self.text = text
    self.line = line
    self.column = column
    self.message = message
    self.hint = hint
  }

  /// Expects that `read` refuses the text so.
  ///
  /// - Parameter stage: the stage that must say so, where one must.
  func expectError(stage: String? = nil, _ read: (String) throws -> Void) {
    #expect {
      try read(text)
    } throws: { error in
      guard let error = error as? QueryError else { return false }
      #expect(error.line == line, "\(error)")
      #expect(error.column == column, "\(error)")
      #expect(error.message.contains(message), "\(error)")
      #expect(error.hint?.contains(hint) == true, "\(error)")
      if let stage { #expect(error.stage == stage) }
      return true
    }
  }
}

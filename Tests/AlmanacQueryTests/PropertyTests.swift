import AlmanacTesting
import Foundation
import Testing

@testable import AlmanacQuery

@Suite("Any text and any tree")
struct PropertyTests {
  /// Trees of a block: 20 blocks are 3,000, or where the long proofs were asked for a million.
  static let treesOfBlock: UInt64 =
    ProcessInfo.processInfo.environment["ALMANAC_SOAK"] == "1" ? 50_000 : 150

  @Test("a printed tree reads back as the same tree", arguments: UInt64(0)..<20)
  func roundTrip(block: UInt64) throws {
    for seed in block * Self.treesOfBlock..<(block + 1) * Self.treesOfBlock {
      var generator = SyntaxGenerator(seed: seed)
      let tree = generator.script()
      for style in [Printer.Style.canonical, .keep] {
        let text = Printer(style: style).print(tree)
        let read: Script
        do {
          read = try Parser.parse(text)
        } catch {
          Issue.record("seed \(seed): \(text)\n\(error)")
          return
        }
        guard read.isSameTree(as: tree) else {
          Issue.record("seed \(seed): \(text)\nreads as \(Printer(style: style).print(read))")
          return
        }
        #expect(Printer(style: style).print(read) == text, "seed \(seed)")
      }
    }
  }

  @Test("trees that differ in one node are not the same", arguments: UInt64(0)..<4)
  func differences(block: UInt64) {
    for seed in block * 100..<(block + 1) * 100 {
      var first = SyntaxGenerator(seed: seed)
      var second = SyntaxGenerator(seed: seed + 100_000)
      let (left, right) = (first.expression(3), second.expression(3))
      let areAlike = Printer().print(left) == Printer().print(right)
      let calls = [left, right].map { Expression.call(Call(name: "f", arguments: [Argument($0)])) }
      #expect(calls[0].isSameTree(as: calls[0]))
      if !areAlike { #expect(!calls[0].isSameTree(as: calls[1]), "seed \(seed)") }
    }
  }

  @Test("random bytes give a tree or an error, never a trap", arguments: UInt64(0)..<4)
  func randomBytes(block: UInt64) {
    let alphabet = Array("ab<>=!~{}[]()|,;:.@\"'`\\ \n#-+*/%^059mhdKixor&$é🙂\u{301}".utf8)
    var random = SeededGenerator(seed: block)
    for _ in 0..<2_000 {
      let isWild = random.next().isMultiple(of: 4)
      let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        isWild
          ? UInt8.random(in: 0...255, using: &random)
          : alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      check(String(decoding: bytes, as: UTF8.self))
    }
  }

  @Test("mutated queries give a tree or an error, never a trap", arguments: UInt64(0)..<4)
  func mutations(block: UInt64) {
    var random = SeededGenerator(seed: 1_000 + block)
    var texts = Examples.questions.map(\.text)
    for seed in 0..<20 as Range<UInt64> {
      var generator = SyntaxGenerator(seed: seed)
      texts.append(Printer().print(generator.script()))
    }
    for _ in 0..<2_000 {
      var bytes = Array(texts[Int.random(in: 0..<texts.count, using: &random)].utf8)
      let other = Array(texts[Int.random(in: 0..<texts.count, using: &random)].utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where place < bytes.count: bytes.remove(at: place)
        case 1 where place < bytes.count: bytes[place] = UInt8.random(in: 32...126, using: &random)
        case 2: bytes = Array(bytes[..<place])
        default:
          let cut = Int.random(in: 0..<max(1, other.count), using: &random)
          bytes.insert(contentsOf: other[cut..<min(other.count, cut + 5)], at: place)
        }
      }
      check(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// What is accepted must survive printing, what is refused must say where.
  private func check(_ text: String) {
    do {
      let tree = try Parser.parse(text)
      let printed = Printer().print(tree)
      let again = try? Parser.parse(printed)
      #expect(again?.isSameTree(as: tree) == true, "\(text.debugDescription) printed as \(printed)")
      #expect(tree.range.end.offset <= text.utf8.count)
    } catch {
      #expect(error.hint != nil, "\(text.debugDescription): \(error)")
      #expect((error.range?.end.offset ?? .max) <= text.utf8.count, "\(text.debugDescription)")
    }
  }

  @Test("every beginning of a query gives a tree or an error", arguments: Examples.questions)
  func beginnings(question: Examples.Question) {
    for length in 0...question.text.count { check(String(question.text.prefix(length))) }
  }
}

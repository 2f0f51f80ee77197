import AlmanacNeural
import Testing

@testable import AlmanacEngine

@Suite struct ThreadPoolTests {
  @Test("background work runs on threads that leave the processor to others")
  func niceness() async throws {
    let trainers = ThreadPool(label: "test.background", width: 2, isBackground: true)
    let readers = ThreadPool(label: "test.readers", width: 2)
    for _ in 0..<20 {
      #expect(try await trainers.run { Niceness.ofThread } == ThreadPool.niceness)
      #expect(try await readers.run { Niceness.ofThread } < ThreadPool.niceness)
    }
  }

  @Test("an error reaches who asked for the work")
  func errors() async {
    struct Refused: Error {}
    let pool = ThreadPool(label: "test.errors", width: 1)
    await #expect(throws: Refused.self) { try await pool.run { throw Refused() } }
  }
}

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

  @Test("a training of two threads makes no other thread patient")
  func training() async throws {
    let trainers = ThreadPool(label: "test.training", width: 1, isBackground: true)
    try await trainers.run {
      var options = TrainingOptions()
      (options.steps, options.batch, options.threads) = (50, 8, 2)
      var network = Seq2Seq(hidden: 8, seed: 1)
      let series = (0..<500).map { Float($0 % 10) / 10 }
      _ = try Trainer(options: options).train(&network, on: [series]) { _ in true }
    }
    let most = await withTaskGroup(of: Int32.self) { group in
      for _ in 0..<200 { group.addTask { Niceness.ofThread } }
      return await group.reduce(0, max)
    }
    #expect(most < ThreadPool.niceness)
  }

  @Test("an error reaches who asked for the work")
  func errors() async {
    struct Refused: Error {}
    let pool = ThreadPool(label: "test.errors", width: 1)
    await #expect(throws: Refused.self) { try await pool.run { throw Refused() } }
  }
}

internal import AlmanacCodec
internal import Synchronization

/// Marks of a part's chunks whose ends were asked for: who looks at the end of a long chunk once
/// will look again.
final class PartMarks: Sendable {
  private struct State {
    /// By the place of the chunk in memory, which stays while the part is open.
    var chunks: [UInt: ChunkMarks] = [:]
    var count = 0
  }

  /// Marks that are kept for one part, about 10 MB.
  private static let limit = 1 << 18

  private let state = Mutex(State())

  /// The marks of `chunk`; none where they are not known.
  func marks(of chunk: UnsafeRawBufferPointer) -> ChunkMarks {
    let place = UInt(bitPattern: chunk.baseAddress)
    return state.withLock { $0.chunks[place] } ?? ChunkMarks()
  }

  /// Keeps what was made.
  func remember(_ marks: ChunkMarks, of chunk: UnsafeRawBufferPointer) {
    let place = UInt(bitPattern: chunk.baseAddress)
    state.withLock { state in
      if state.count >= Self.limit { state = State() }
      if state.chunks.updateValue(marks, forKey: place) == nil { state.count += marks.count }
    }
  }
}

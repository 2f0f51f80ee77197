import AlmanacTesting
import Dispatch
import Glibc
import Synchronization
import Testing

@testable import AlmanacStore

@Suite struct DirectoryLockTests {
  @Test("a directory in use is refused, again and again, and no other file is closed by that")
  func refused() async throws {
    let folder = try TemporaryDirectory()
    let lock = try DirectoryLock(directory: folder.path)
    let isDone = Atomic(false)
    // A descriptor closed twice may be somebody else's by then.
    let lost = Task.detached {
      var lost = 0
      while !isDone.load(ordering: .relaxed) {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        sched_yield()
        if fcntl(descriptor, F_GETFD) < 0 { lost += 1 } else { close(descriptor) }
      }
      return lost
    }
    for _ in 0..<20_000 {
      #expect(throws: StoreError.self) { try DirectoryLock(directory: folder.path) }
    }
    isDone.store(true, ordering: .relaxed)
    #expect(await lost.value == 0)
    withExtendedLifetime(lock) {}
  }
}

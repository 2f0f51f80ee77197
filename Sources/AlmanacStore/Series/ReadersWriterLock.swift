internal import Glibc

/// Many readers or one writer. A waiting writer goes before new readers, so it never starves; a
/// reader must not read again inside.
final class ReadersWriterLock: Sendable {
  /// The lock itself; the pointer never changes.
  private nonisolated(unsafe) let lock: UnsafeMutablePointer<pthread_rwlock_t>

  init() {
    lock = .allocate(capacity: 1)
    var attributes = pthread_rwlockattr_t()
    check(pthread_rwlockattr_init(&attributes))
    check(
      pthread_rwlockattr_setkind_np(
        &attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP)))
    check(pthread_rwlock_init(lock, &attributes))
    check(pthread_rwlockattr_destroy(&attributes))
  }

  deinit {
    check(pthread_rwlock_destroy(lock))
    lock.deallocate()
  }

  func withReadLock<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
    check(pthread_rwlock_rdlock(lock))
    defer { check(pthread_rwlock_unlock(lock)) }
    return try body()
  }

  /// As `withReadLock`; nil where it would have to wait.
  func withReadLockIfFree<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T? {
    let result = pthread_rwlock_tryrdlock(lock)
    if result == EBUSY || result == EAGAIN { return nil }
    check(result)
    defer { check(pthread_rwlock_unlock(lock)) }
    return try body()
  }

  func withWriteLock<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
    check(pthread_rwlock_wrlock(lock))
    defer { check(pthread_rwlock_unlock(lock)) }
    return try body()
  }
}

private func check(_ result: Int32) {
  if result != 0 { preconditionFailure("BUG: readers-writer lock: error \(result)") }
}

public import AlmanacCore
internal import Glibc

extension Timestamp {
  /// The system's time, to the nanosecond.
  public static func now() -> Timestamp {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else {
      preconditionFailure("BUG: the system has no clock")
    }
    return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}

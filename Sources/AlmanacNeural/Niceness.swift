import Glibc

/// How much a thread leaves the processor to others, as `nice` counts: 0 for nothing special, 19
/// for the most.
public enum Niceness {
  private static let which = __priority_which_t(PRIO_PROCESS.rawValue)

  /// That of this thread.
  public static var ofThread: Int32 { getpriority(which, 0) }

  /// Makes this thread as nice as that at least; there is no way back without privileges.
  public static func raise(to niceness: Int32) {
    if ofThread < niceness { setpriority(which, 0, niceness) }
  }
}

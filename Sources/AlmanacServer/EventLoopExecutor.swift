internal import NIOCore
internal import NIOPosix

/// Runs tasks on the threads of event loops: on the one that we are on, or else on any.
///
/// A request is read, handled and answered by one thread then; between event loops and Swift's
/// own threads each part of it would wait for a thread to wake up. Nothing here may take long:
/// reading, parsing and calculating have pools of their own.
public final class EventLoopExecutor: TaskExecutor {
  /// Of the event loops that servers use.
  public static let shared = EventLoopExecutor(.singleton)

  private let group: MultiThreadedEventLoopGroup

  private init(_ group: MultiThreadedEventLoopGroup) {
    self.group = group
  }

  /// Runs `job` soon.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let loop: any EventLoop = MultiThreadedEventLoopGroup.currentEventLoop ?? group.any()
    loop.execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

import AlmanacEngine
import Logging
import ServiceLifecycle
import UnixSignals

/// Has rules evaluated and alerts sent while the server runs.
struct RuleKeeper: Service {
  let rules: RuleRunner

  func run() async throws {
    await cancelWhenGracefulShutdown { await rules.run() }
  }
}

/// Reads rules again on SIGHUP.
struct ReloadOnHangUp: Service {
  let rules: RuleRunner
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await _ in await UnixSignalsSequence(trapping: .sighup) {
        do {
          try await rules.reload()
          logger.info("rules were read again")
        } catch {
          logger.error("cannot read the rules, those from before stay:\n\(error)")
        }
      }
    }
  }
}

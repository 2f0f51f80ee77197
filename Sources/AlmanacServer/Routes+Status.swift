internal import AlmanacCore
internal import AlmanacEngine
internal import AlmanacQuery
internal import HTTPTypes
internal import Hummingbird

/// What Prometheus' clients ask of a server's settings: what we have of them, under its names.
extension Routes {
  func addStatus(to router: Router<Context>) {
    let began = clock()
    router.get("/api/v1/status/flags") { _, _ in
      answer { json in
        let limits = database.limits
        let flags = [
          ("query.lookback-delta", "5m"), ("query.max-samples", "\(limits.samples)"),
          ("query.timeout", limits.timeout.map { "\(Printer.duration($0.nanoseconds))" } ?? "0s"),
        ]
        json.raw("{")
        for (index, flag) in flags.enumerated() {
          if index > 0 { json.raw(",") }
          json.string(flag.0)
          json.raw(":")
          json.string(flag.1)
        }
        json.raw("}")
      }
    }
    router.get("/api/v1/status/runtimeinfo") { _, _ in
      answer { json in
        json.raw("{\"startTime\":")
        json.string(began.description)
        json.raw(",\"serverTime\":")
        json.string(clock().description)
        json.raw(",\"reloadConfigSuccess\":true,\"lastConfigTime\":")
        json.string(began.description)
        json.raw(",\"corruptionCount\":0,\"storageRetention\":\"\"}")
      }
    }
    // There is no file of settings.
    router.get("/api/v1/status/config") { _, _ in answer { $0.raw("{\"yaml\":\"\"}") } }
  }

  private func answer(_ write: (inout JSONText) -> Void) -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":")
    write(&json)
    json.raw("}")
    return Response(json: json)
  }
}

extension Duration {
  /// In nanoseconds, at most 292 years.
  fileprivate var nanoseconds: Int64 { Int64(min(self / .nanoseconds(1), 9.2e18)) }
}

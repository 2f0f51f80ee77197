internal import AlmanacEngine
internal import HTTPTypes
internal import Hummingbird

/// The server's own state: metrics, liveness, the web page.
extension Routes {
  func addState(to router: Router<Context>) {
    router.get("/metrics") { request, _ in
      let accepts = request.headers[.accept] ?? ""
      let format: MetricsText.Format =
        accepts.contains("application/openmetrics-text") ? .openMetrics : .prometheus
      let text = MetricsText(database: database, rules: rules, format: format)
      return Response(
        status: .ok, headers: [.contentType: format.contentType],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }
    for path: RouterPath in ["/-/healthy", "/-/ready"] {
      router.get(path) { _, _ in
        Response(
          status: .ok, headers: [.contentType: "text/plain; charset=utf-8"],
          body: ResponseBody(byteBuffer: ByteBuffer(string: "Almanac is ready.\n")))
      }
    }
    router.get("/") { _, _ in
      Response(
        status: .ok,
        headers: [
          .contentType: "text/html; charset=utf-8",
          .contentSecurityPolicy: "default-src 'self' 'unsafe-inline'; img-src 'self' data:",
        ],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.index_html)))
    }
  }
}

internal import AlmanacEngine
internal import AlmanacIngest
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NIOPosix

/// InfluxDB's write endpoints. wire.md, section 1, and docs/http-api.md list the answers.
extension Routes {
  func addWrites(to router: Router<Context>) {
    router.post("/write") { request, _ in await write(request, as: .influx1) }
    router.post("/api/v2/write") { request, _ in await write(request, as: .influx2) }
    for path: RouterPath in ["/write", "/api/v2/write"] {
      router.on(path, method: .options) { _, _ in Response(status: .ok) }
      for method in [HTTPRequest.Method.get, .put, .delete] {
        router.on(path, method: method) { _, _ in
          Response(
            status: .methodNotAllowed, headers: [.allow: "OPTIONS, POST"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "Method Not Allowed\n")))
        }
      }
    }
  }

  /// The two generations differ in parameters and in the shape of errors.
  enum InfluxVersion {
    case influx1, influx2

    func failure(_ status: HTTPResponse.Status, _ message: String, line: Int? = nil) -> Response {
      guard self == .influx2 else { return ErrorResponse.influx1(status, message) }
      let code =
        switch status.code {
        case 413: "request too large"
        case 422: "unprocessable entity"
        case 500: "internal error"
        case 503: "unavailable"
        default: "invalid"
        }
      return ErrorResponse.influx2(status, code: code, message, line: line)
    }
  }

  private func write(_ request: Request, as version: InfluxVersion) async -> Response {
    let parameters = RequestParameters(request.uri.query ?? "")
    guard let precision = Precision(parameter: parameters["precision"] ?? "") else {
      return version.failure(
        .badRequest,
        "invalid precision \"\(parameters["precision"] ?? "")\" (use ns, us, ms, s, m or h)")
    }
    let levels: Set<String> = ["", "any", "one", "quorum", "all"]
    guard levels.contains(parameters["consistency"] ?? "") else {
      return version.failure(.badRequest, "invalid consistency level")
    }
    let database = parameters[version == .influx1 ? "db" : "bucket"]
    let body: [UInt8]
    switch await self.body(of: request) {
    case .failure(let failure): return version.failure(failure.status, failure.message)
    case .success(let bytes): body = bytes
    }
    do {
      let report = try await self.database.write(body, precision: precision, database: database)
      if report.acceptedLines > 0, let database { databases.add(database) }
      return answer(report, as: version)
    } catch {
      context.logger.error("cannot write: \(error)")
      return version.failure(ErrorResponse.status(of: error), "\(error)")
    }
  }

  private func answer(_ report: WriteReport, as version: InfluxVersion) -> Response {
    var messages = report.errors.map(\.message)
    if report.refusedPoints > 0 {
      messages.append(
        "max-series exceeded: points of new series were left out "
          + "(see /api/v1/status/tsdb for what makes the series, --maximum-series for the limit)")
    }
    guard !messages.isEmpty else { return Response(status: .noContent) }
    let more = report.rejectedLines - report.errors.count
    let joined =
      messages.joined(separator: "\n") + (more > 0 ? "\n... and \(more) more lines" : "")
    switch version {
    case .influx1:
      // All bad: the reasons alone. Some bad: the others are stored, and it says so.
      guard report.acceptedLines > 0 else { return version.failure(.badRequest, joined) }
      return version.failure(
        .badRequest,
        "partial write: \(joined) dropped=\(report.rejectedLines + report.refusedPoints)")
    case .influx2:
      // 422 says that the lines could be read and were refused for what they say.
      let isSemantic = report.errors.allSatisfy { $0.kind == .semantic }
      let text = report.acceptedLines > 0 ? "partial write: \(joined)" : joined
      return version.failure(
        isSemantic ? .unprocessableContent : .badRequest, text, line: report.errors.first?.line)
    }
  }

  /// Inflates on a thread that may block: a body may unpack to hundreds of megabytes.
  private func inflate(_ bytes: [UInt8]) async throws -> [UInt8] {
    let limit = context.configuration.maximumInflatedBody
    return try await NIOThreadPool.singleton.runIfActive {
      try Gzip.inflate(bytes, limit: limit)
    }
  }

  private struct BodyFailure: Error {
    let status: HTTPResponse.Status
    let message: String
  }

  /// The body, inflated where it is gzip.
  private func body(of request: Request) async -> Result<[UInt8], BodyFailure> {
    let tooLarge = BodyFailure(status: .contentTooLarge, message: "Request Entity Too Large")
    let limit = context.configuration.maximumBody
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
      return .failure(tooLarge)
    }
    let collected: ByteBuffer
    do {
      collected = try await request.body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      return .failure(tooLarge)
    } catch {
      return .failure(BodyFailure(status: .badRequest, message: "cannot read the body: \(error)"))
    }
    let bytes = Array(collected.readableBytesView)
    let encoding = request.headers[.contentEncoding]?.lowercased() ?? "identity"
    switch encoding {
    case "identity", "": return .success(bytes)
    case "gzip", "x-gzip":
      do {
        return .success(try await inflate(bytes))
      } catch let failure as Gzip.Failure {
        switch failure {
        case .invalidHeader:
          return .failure(BodyFailure(status: .badRequest, message: "gzip: invalid header"))
        case .damaged:
          return .failure(BodyFailure(status: .badRequest, message: "gzip: unexpected EOF"))
        case .tooLarge: return .failure(tooLarge)
        }
      } catch {
        return .failure(BodyFailure(status: .serviceUnavailable, message: "\(error)"))
      }
    default:
      return .failure(
        BodyFailure(
          status: .unsupportedMediaType,
          message: "cannot decode Content-Encoding \"\(encoding)\" (use gzip or none)"))
    }
  }
}

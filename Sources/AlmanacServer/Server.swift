public import AlmanacEngine
internal import AlmanacCore
internal import HTTPTypes
internal import NIOCore
public import Hummingbird
internal import HummingbirdCore
public import Logging
internal import Synchronization

/// Names and versions that others see.
public enum Almanac {
  /// The version of this program.
  public static let version = "0.1.0"
  /// What agents of the InfluxDB world take us for.
  static let influxVersion = "1.8.10-almanac-\(version)"
}

/// The routes of the HTTP API over one database.
struct Routes: Sendable {
  typealias Context = ConnectionContext

  /// What all routes share beside the database.
  struct Shared: Sendable {
    let configuration: ServerConfiguration
    let logger: Logger
  }

  /// Form bodies and query strings above this are refused.
  private static let maximumForm = 1 << 20

  let database: Database
  /// nil where none are evaluated.
  let rules: RuleRunner?
  let context: Shared
  let clock: @Sendable () -> Timestamp
  /// Databases that were created by a handshake or written to since the start.
  let databases: DatabaseNames
  /// Tells queries whose client has gone.
  let connections = OpenConnections()

  func router() -> Router<Context> {
    let router = Router(context: Context.self)
    router.add(middleware: CommonAnswers())
    addWrites(to: router)
    addInflux(to: router)
    addTable(to: router)
    addPrometheus(to: router)
    addCatalogue(to: router)
    addModels(to: router)
    addRules(to: router)
    addFeedback(to: router)
    addState(to: router)
    addStatus(to: router)
    addSyntax(to: router)
    addAdministration(to: router)
    return router
  }

  /// Parameters of the query string, and of a form body, whose values count first.
  func allParameters(of request: Request) async throws -> RequestParameters {
    var parameters = RequestParameters(request.uri.query ?? "")
    guard request.method == .post else { return parameters }
    let body = try await request.body.collect(upTo: Self.maximumForm)
    parameters.prepend(RequestParameters(String(buffer: body)))
    return parameters
  }
}

/// Names of databases, shared by all requests. Those that hold samples are in the store; these are
/// the ones that were only created, and a number of those written to.
final class DatabaseNames: Sendable {
  private static let limit = 10_000
  private let names = Mutex<Set<String>>([])

  var all: Set<String> { names.withLock { $0 } }

  func add(_ name: String) {
    guard !name.isEmpty else { return }
    names.withLock { if $0.count < Self.limit { $0.insert(name) } }
  }
}

/// Headers that every InfluxDB answer has, as some agents look for them, and one shape for errors
/// that a route does not answer itself.
struct CommonAnswers<Context: RequestContext>: RouterMiddleware {
  func handle(
    _ request: Request, context: Context,
    next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as HTTPError {
      // Hummingbird's own: no such route, or a body over its limit.
      response = ErrorResponse.http(error.status, error.body ?? error.status.reasonPhrase)
    } catch is NIOTooManyBytesError {
      response = ErrorResponse.http(.contentTooLarge, "the request body is too large")
    } catch {
      response = ErrorResponse.query(error)
    }
    response.headers[.influxVersion] = Almanac.influxVersion
    response.headers[.influxBuild] = "OSS"
    response.headers[.requestID] = context.id
    response.headers[.xRequestID] = context.id
    return response
  }
}

/// The HTTP server of one database.
public struct Server: Sendable {
  private let routes: Routes
  private let configuration: ServerConfiguration
  private let logger: Logger

  /// A server for `database`, not yet listening.
  ///
  /// - Parameter rules: those that are evaluated; nil where there are none.
  public init(
    database: Database, rules: RuleRunner? = nil, configuration: ServerConfiguration,
    logger: Logger
  ) {
    self.configuration = configuration
    self.logger = logger
    routes = Routes(
      database: database, rules: rules,
      context: .init(configuration: configuration, logger: logger),
      clock: database.clock, databases: DatabaseNames())
  }

  /// The application: for tests without a socket, or as a service that listens.
  ///
  /// - Parameter onReady: called with the port once the server listens.
  public func application(
    onReady: @escaping @Sendable (Int) async -> Void = { _ in }
  ) -> some ApplicationProtocol {
    var quiet = logger
    // Hummingbird's own lines repeat what `serve` says.
    quiet.logLevel = max(.warning, logger.logLevel)
    return Application(
      router: routes.router(),
      server: .watched(by: routes.connections),
      configuration: .init(
        address: .hostname(configuration.host, port: configuration.port), serverName: "Almanac"),
      onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) },
      logger: quiet)
  }
}

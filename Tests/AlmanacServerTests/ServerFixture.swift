import AlmanacCore
import AlmanacEngine
import AlmanacQuery
import AlmanacServer
import AlmanacStore
import AlmanacTesting
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore

/// A server over an empty database, asked through its router: no socket.
struct ServerFixture {
  let directory: TemporaryDirectory
  let server: Server

  /// The time of requests that name none: 2026-09-01T00:10:00Z.
  static let now = Timestamp(nanoseconds: 1_788_221_400_000_000_000)

  init(
    rollups: Set<Resolution> = [], limits: Query.Limits = Query.Limits(),
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) throws {
    directory = try TemporaryDirectory()
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    var options = Database.Options()
    options.clock = { Self.now }
    options.store.rollups = rollups
    options.limits = limits
    var configuration = ServerConfiguration()
    configure(&configuration)
    server = Server(
      database: try Database(directory: directory.path, options: options, logger: logger),
      configuration: configuration, logger: logger)
  }

  /// Runs `body` with a client of the server.
  func test(_ body: @escaping @Sendable (Client) async throws -> Void) async throws {
    try await server.application().test(.router) { try await body(Client(inner: $0)) }
  }

  /// Shorter calls of Hummingbird's test client.
  struct Client {
    let inner: any TestClientProtocol

    struct Reply {
      let status: Int
      let headers: HTTPFields
      let body: String

      func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
      }
    }

    func get(_ uri: String, headers: HTTPFields = [:]) async throws -> Reply {
      try await send(.get, uri, headers: headers)
    }

    func post(_ uri: String, _ body: String, headers: HTTPFields = [:]) async throws -> Reply {
      try await send(.post, uri, headers: headers, body: Array(body.utf8))
    }

    func send(
      _ method: HTTPRequest.Method, _ uri: String, headers: HTTPFields = [:], body: [UInt8] = []
    ) async throws -> Reply {
      try await inner.execute(
        uri: uri, method: method, headers: headers, body: ByteBuffer(bytes: body)
      ) { response in
        Reply(
          status: response.status.code, headers: response.headers,
          body: String(buffer: response.body))
      }
    }

    /// An answer that is no text, with its media type.
    func bytes(
      _ uri: String, headers: HTTPFields = [:]
    ) async throws -> (type: String, bytes: [UInt8]) {
      try await inner.execute(uri: uri, method: .get, headers: headers, body: nil) { response in
        (response.headers[.contentType] ?? "", Array(response.body.readableBytesView))
      }
    }

    /// The answer to a query as CSV.
    func csv(_ query: String, _ parameters: String = "") async throws -> Reply {
      try await get("/api/v1/table?format=csv&query=\(query.percentEncoded)\(parameters)")
    }
  }
}

extension String {
  /// Everything but letters and digits as percent escapes.
  var percentEncoded: String {
    utf8.map { byte in
      let character = Character(Unicode.Scalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber)
        ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}

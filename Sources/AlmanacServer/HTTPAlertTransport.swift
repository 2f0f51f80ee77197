public import AlmanacEngine
internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Posts alerts over HTTP and HTTPS. User and password of a URL become basic authentication.
public struct HTTPAlertTransport: AlertTransport {
  /// How long an answer may take, from the first attempt to connect.
  private static let timeout = TimeAmount.seconds(10)
  /// Bytes of an answer's body that are read at most, and thrown away.
  private static let maximumAnswer = 1 << 16

  /// With the connections that all of the process share.
  public init() {}

  /// Posts JSON to `url` and returns the status of the answer.
  public func post(
    _ body: [UInt8], to url: String, headers: [(String, String)]
  ) async throws -> Int {
    guard var components = URLComponents(string: url) else { throw HTTPClientError.invalidURL }
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: "Almanac/\(Almanac.version)")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let user = components.user {
      let secret = Data("\(user):\(components.password ?? "")".utf8).base64EncodedString()
      request.headers.add(name: "Authorization", value: "Basic \(secret)")
      components.user = nil
      components.password = nil
      request.url = components.string ?? url
    }
    request.body = .bytes(ByteBuffer(bytes: body))
    let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
    // A connection whose answer was read serves the next request.
    _ = try? await response.body.collect(upTo: Self.maximumAnswer)
    return Int(response.status.code)
  }
}

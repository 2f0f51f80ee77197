import Foundation
import FoundationNetworking

/// Talks to a server over HTTP.
struct Client: Sendable {
  let server: String

  struct Reply: Sendable {
    let status: Int
    let body: Data
  }

  /// A request to `path` with `parameters` in the query string.
  func send(
    _ method: String, _ path: String, parameters: [(String, String)] = [], body: Data? = nil
  ) async throws -> Reply {
    guard var components = URLComponents(string: server) else {
      throw Failure(
        "cannot read --server \(server)", hint: "write a URL, as http://127.0.0.1:8086")
    }
    components.path = path
    components.percentEncodedQuery =
      parameters.isEmpty
      ? nil
      : parameters.map { "\($0.0)=\(Self.encode($0.1))" }.joined(separator: "&")
    guard let url = components.url, url.host != nil else {
      throw Failure(
        "cannot read --server \(server)", hint: "write a URL, as http://127.0.0.1:8086")
    }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.httpBody = body
    request.timeoutInterval = 3600
    do {
      let (data, response) = try await URLSession.shared.data(for: request)
      return Reply(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: data)
    } catch {
      throw Failure(
        "cannot reach \(server): \(error.localizedDescription)",
        hint: "start a server with `almanac serve`, or name one with --server")
    }
  }

  /// Everything but letters, digits and `-._~` as percent escapes.
  private static func encode(_ text: String) -> String {
    var allowed = CharacterSet(charactersIn: "-._~")
    allowed.insert(charactersIn: "a"..."z")
    allowed.insert(charactersIn: "A"..."Z")
    allowed.insert(charactersIn: "0"..."9")
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }
}

/// The error that one of our answers carries, as one line.
func serverFailure(_ reply: Client.Reply) -> Failure {
  struct Body: Decodable {
    var error: String?
    var message: String?
    var line: Int?
    var column: Int?
    var hint: String?
  }
  guard let body = try? JSONDecoder().decode(Body.self, from: reply.body) else {
    return Failure("the server answered \(reply.status)")
  }
  var text = body.error ?? body.message ?? "the server answered \(reply.status)"
  if let line = body.line, let column = body.column {
    text = "line \(line), column \(column): \(text)"
  }
  return Failure(text, hint: body.hint)
}

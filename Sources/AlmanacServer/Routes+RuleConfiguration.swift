internal import AlmanacEngine
internal import AlmanacRules
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Rule groups of the API's own, as Cortex and Mimir take them: YAML under a namespace. The same
/// under `/config/v1/rules`, where `GET` of all is, as `/api/v1/rules` is Prometheus'.
extension Routes {
  private static let maximumRules = 10 << 20

  func addRuleConfiguration(to router: Router<Context>) {
    router.get("/config/v1/rules") { _, _ in
      try await rules { rules in yaml(RuleFile.text(rules.storedFiles)) }
    }
    for base in ["/api/v1/rules", "/config/v1/rules"] {
      let namespace = RouterPath("\(base)/:namespace")
      let group = RouterPath("\(base)/:namespace/:group")
      router.get(namespace) { _, context in
        try await rules { try await storedNamespace($0, Self.name("namespace", context)) }
      }
      router.get(group) { _, context in
        try await rules {
          try await storedGroup($0, Self.name("namespace", context), Self.name("group", context))
        }
      }
      router.post(namespace) { request, context in
        let text = try await Self.text(request)
        return try await rules { rules in
          try await rules.put(text, namespace: Self.name("namespace", context))
          return accepted()
        }
      }
      router.put(namespace) { request, context in
        let text = try await Self.text(request)
        return try await rules { rules in
          try await rules.putAll(text, namespace: Self.name("namespace", context))
          return accepted()
        }
      }
      router.put(group) { request, context in
        let text = try await Self.text(request)
        return try await rules { rules in
          try await rules.put(
            text, namespace: Self.name("namespace", context), name: Self.name("group", context))
          return accepted()
        }
      }
      router.delete(namespace) { _, context in
        try await remove(Self.name("namespace", context), nil)
      }
      router.delete(group) { _, context in
        try await remove(Self.name("namespace", context), Self.name("group", context))
      }
    }
  }

  /// A part of the path, its escapes read.
  private static func name(_ name: String, _ context: Context) throws -> String {
    RequestParameters.decode(try context.parameters.require(name).utf8, isForm: false)
  }

  private static func text(_ request: Request) async throws -> String {
    String(buffer: try await request.body.collect(upTo: maximumRules))
  }

  /// Answers with what `body` makes of the rules; errors in rules are the client's.
  private func rules(
    _ body: (RuleRunner) async throws -> Response
  ) async throws -> Response {
    guard let rules else { return ErrorResponse.notFound("this server has no rules") }
    do {
      return try await body(rules)
    } catch let error as RuleFileError {
      return ErrorResponse.http(.badRequest, "\(error)")
    }
  }

  private func storedNamespace(_ rules: RuleRunner, _ namespace: String) async throws -> Response {
    guard let file = rules.storedFiles.first(where: { $0.file == namespace }) else {
      return ErrorResponse.notFound("there are no rules under \(namespace)")
    }
    return yaml(RuleFile.text([file]))
  }

  private func storedGroup(
    _ rules: RuleRunner, _ namespace: String, _ name: String
  ) async throws -> Response {
    let file = rules.storedFiles.first { $0.file == namespace }
    guard let group = file?.groups.first(where: { $0.name == name }) else {
      return ErrorResponse.notFound("there is no rule group \(name) under \(namespace)")
    }
    return yaml(RuleFile.text(group))
  }

  private func remove(_ namespace: String, _ name: String?) async throws -> Response {
    try await rules { rules in
      guard try await rules.remove(namespace: namespace, name: name) else {
        return ErrorResponse.notFound("there are no such rules")
      }
      return accepted()
    }
  }

  private func accepted() -> Response {
    var json = JSONText()
    json.raw("{\"status\":\"success\",\"data\":null,\"errorType\":\"\",\"error\":\"\"}")
    return Response(json: json, status: .accepted)
  }

  private func yaml(_ text: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/yaml"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}

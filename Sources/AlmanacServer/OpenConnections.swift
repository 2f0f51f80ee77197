internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import Synchronization

/// What a request knows of its connection, beside what every request has.
struct ConnectionContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Which connection it came by.
  let connection: ObjectIdentifier

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    connection = ObjectIdentifier(source.channel)
  }
}

/// The connections of the server, so that work ends whose client has gone.
final class OpenConnections: Sendable {
  private let watches = Mutex<[ObjectIdentifier: ConnectionWatch]>([:])

  fileprivate func add(_ watch: ConnectionWatch, of channel: any Channel) {
    watches.withLock { $0[ObjectIdentifier(channel)] = watch }
  }

  fileprivate func remove(_ channel: any Channel) {
    watches.withLock { $0[ObjectIdentifier(channel)] = nil }
  }

  /// What `body` returns; it is cancelled when the client closes its connection.
  func whileOpen<T: Sendable>(
    _ context: ConnectionContext, _ body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    guard let watch = watches.withLock({ $0[context.connection] }) else { return try await body() }
    // Where this task runs: on the connection's event loop.
    let task = Task(executorPreference: EventLoopExecutor.shared) { try await body() }
    watch.set { task.cancel() }
    defer { watch.set(nil) }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

/// Stands first in the pipeline of a connection and sees when the client closes it, as no request
/// is read while another one is answered. A client that closes its side only is taken as gone.
private final class ConnectionWatch: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private struct State {
    var isClosed = false
    var onClose: (@Sendable () -> Void)?
  }

  private let connections: OpenConnections
  private let state = Mutex(State())

  init(_ connections: OpenConnections) {
    self.connections = connections
  }

  /// Calls `onClose` when the client has gone, now where it has; nil calls nothing any more.
  func set(_ onClose: (@Sendable () -> Void)?) {
    let isClosed = state.withLock { state in
      state.onClose = onClose
      return state.isClosed
    }
    if isClosed { onClose?() }
  }

  private func close() {
    let onClose = state.withLock { state in
      state.isClosed = true
      return state.onClose
    }
    onClose?()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connections.remove(context.channel)
    close()
  }

  func channelInactive(context: ChannelHandlerContext) {
    close()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { close() }
    context.fireUserInboundEventTriggered(event)
  }
}

/// HTTP/1.1 with a watch in front.
private struct WatchedChannel: ServerChildChannel {
  typealias Value = HTTP1Channel.Value

  let inner: HTTP1Channel
  let connections: OpenConnections

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let watch = ConnectionWatch(connections)
      try channel.pipeline.syncOperations.addHandler(watch)
      connections.add(watch, of: channel)
    }.flatMap { inner.setup(channel: channel, logger: logger) }
  }

  func handle(value: Value, logger: Logger) async {
    await inner.handle(value: value, logger: logger)
  }
}

extension HTTPServerBuilder {
  /// HTTP/1.1 whose connections are in `connections`.
  static func watched(by connections: OpenConnections) -> HTTPServerBuilder {
    HTTPServerBuilder { responder in
      WatchedChannel(inner: HTTP1Channel(responder: responder), connections: connections)
    }
  }
}

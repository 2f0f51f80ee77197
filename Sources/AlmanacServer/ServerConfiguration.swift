/// What a server is told at start.
public struct ServerConfiguration: Sendable {
  /// The address to listen on.
  public var host = "127.0.0.1"
  /// The port; 0 takes a free one.
  public var port = 8086
  /// Write bodies above this many bytes, as sent, are answered 413. InfluxDB's limit.
  public var maximumBody = 25_000_000
  /// Write bodies above this many bytes after gzip are answered 413.
  public var maximumInflatedBody = 256_000_000

  /// The defaults.
  public init() {}
}

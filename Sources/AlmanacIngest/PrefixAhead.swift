/// Measurement and tags of a line that will probably be read soon.
struct PrefixAhead: BitwiseCopyable {
  let start: UnsafeRawPointer
  let end: UnsafeRawPointer
  let hash: UInt64
  /// Loaded to have it near, and kept so that it is loaded.
  var near: UInt64 = 0
}

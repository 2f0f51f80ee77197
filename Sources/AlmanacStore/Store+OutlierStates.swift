internal import AlmanacCodec
public import AlmanacCore
internal import Dispatch

/// States of outliers, which the store keeps beside the models: docs/format/outliers.md.
extension Store {
  private static let prefix = Array("outliers/".utf8)

  /// The state kept under `name`, as it was put.
  public func outlierState(_ name: String) throws(StoreError) -> [UInt8]? {
    guard let value = try catalog.partition.value(Self.prefix + name.utf8), value.count >= 8 else {
      return nil
    }
    return Array(value.dropFirst(8))
  }

  /// Every state with its name, in order of name.
  public func outlierStates() throws(StoreError) -> [(name: String, bytes: [UInt8])] {
    var all: [(name: String, bytes: [UInt8])] = []
    try catalog.partition.scan(prefix: Self.prefix) { key, value throws(StoreError) in
      let name = String(decoding: key.dropFirst(Self.prefix.count), as: UTF8.self)
      all.append((name, Array(value.dropFirst(8))))
      return true
    }
    return all
  }

  /// Keeps all of `states`, put at `time`; durable when this returns.
  public func putOutlierStates(
    _ states: [(name: String, bytes: [UInt8])], at time: Timestamp
  ) async throws(StoreError) {
    try requireWritable()
    try await run(on: cataloguing) { store throws(StoreError) in
      try store.catalog.partition.apply(
        states.map { name, bytes in
          var value: [UInt8] = []
          value.reserveCapacity(8 + bytes.count)
          value.append(bigEndian: UInt64(bitPattern: time.nanoseconds))
          return .put(key: Self.prefix + name.utf8, value: value + bytes)
        })
    }
  }

  /// Forgets the states that were put before `time`, and says how many.
  public func removeOutlierStates(putBefore time: Timestamp) async throws(StoreError) -> Int {
    try requireWritable()
    return try await run(on: cataloguing) { store throws(StoreError) in
      var old: [KeyValueChange] = []
      try store.catalog.partition.scan(prefix: Self.prefix) { key, value throws(StoreError) in
        let isOld =
          value.count < 8
          || Int64(bitPattern: value.bigEndian(at: 0, as: UInt64.self)) < time.nanoseconds
        if isOld { old.append(.remove(key: Array(key))) }
        return true
      }
      if !old.isEmpty { try store.catalog.partition.apply(old) }
      return old.count
    }
  }
}

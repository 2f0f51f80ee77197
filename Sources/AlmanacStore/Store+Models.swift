internal import Dispatch

extension Store {
  /// The model kept under `key`, as it was put.
  public func model(_ key: String) throws(StoreError) -> [UInt8]? { try catalog.model(key) }

  /// The models whose keys begin with `prefix`, all by default, with their keys and in their order.
  public func models(_ prefix: String = "") throws(StoreError) -> [(key: String, bytes: [UInt8])] {
    try catalog.models(prefix)
  }

  /// Keeps `bytes` under `key`; durable when this returns.
  public func putModel(_ key: String, _ bytes: [UInt8]) async throws(StoreError) {
    try requireWritable()
    try await run(on: cataloguing) { store throws(StoreError) in
      try store.catalog.partition.apply([Catalog.putModel(key, bytes)])
    }
  }

  /// Forgets the model under `key`; false where there is none.
  public func removeModel(_ key: String) async throws(StoreError) -> Bool {
    try requireWritable()
    return try await run(on: cataloguing) { store throws(StoreError) in
      guard try store.catalog.model(key) != nil else { return false }
      try store.catalog.partition.apply([Catalog.removeModel(key)])
      return true
    }
  }
}

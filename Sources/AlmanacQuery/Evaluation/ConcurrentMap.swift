extension Collection where Self: Sendable, Element: Sendable {
  /// What `transform` makes of each element, all of them at the same time, in order and without
  /// those that it makes nothing of. The first error ends the others.
  func concurrentMap<T: Sendable>(
    _ transform: @escaping @Sendable (Element) async throws -> T?
  ) async throws -> [T] {
    try await withThrowingTaskGroup(of: (Int, T?).self) { group in
      for (place, element) in enumerated() {
        group.addTask { (place, try await transform(element)) }
      }
      var results = [T?](repeating: nil, count: count)
      for try await (place, result) in group { results[place] = result }
      return results.compactMap { $0 }
    }
  }
}

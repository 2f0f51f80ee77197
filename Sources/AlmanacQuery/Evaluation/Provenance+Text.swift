internal import AlmanacForecast

extension Provenance {
  /// What stages did to the values of some series, for people; nil where they changed none.
  static func text(_ all: [Provenance]) -> String? {
    let count = all.reduce(0) { $0 + $1.count }
    let parts = [
      ("filled", all.map(\.filled)), ("took out", all.map(\.removed)),
      ("limited", all.map(\.clipped)),
    ].compactMap { what, numbers -> String? in
      let sum = numbers.reduce(0, +)
      guard sum > 0 else { return nil }
      let places = numbers.count { $0 > 0 }
      return "\(what) \(sum)" + (all.count > 1 ? " in \(places) series" : "")
    }
    guard !parts.isEmpty else { return nil }
    let missing = all.reduce(0) { $0 + $1.missing }
    return "preparation " + parts.joined(separator: ", ") + " of \(count) values"
      + (missing > 0 ? "; \(missing) steps are still without one" : "")
  }
}

internal import AlmanacCore

/// A number that may differ from moment to moment.
enum Scalar: Sendable {
  case constant(Double)
  /// One value for each moment.
  case varying(Moments, [Double])

  /// The value at `time`.
  ///
  /// - Precondition: it is one of the moments.
  func at(_ time: Int64) -> Double {
    switch self {
    case .constant(let value): value
    case .varying(let moments, let values): values[Int((time - moments.first) / moments.step)]
    }
  }

  /// The value at the moment at `index`.
  subscript(_ index: Int) -> Double {
    switch self {
    case .constant(let value): value
    case .varying(_, let values): values[index]
    }
  }

  var isConstant: Bool { if case .constant = self { true } else { false } }

  /// All values that it takes.
  var values: [Double] {
    switch self {
    case .constant(let value): [value]
    case .varying(_, let values): values
    }
  }

  func map(_ transform: (Double) -> Double) -> Scalar {
    switch self {
    case .constant(let value): .constant(transform(value))
    case .varying(let moments, let values): .varying(moments, values.map(transform))
    }
  }

  /// - Precondition: both are of the same moments.
  func combined(with other: Scalar, _ combine: (Double, Double) -> Double) -> Scalar {
    switch (self, other) {
    case (.constant(let a), .constant(let b)): return .constant(combine(a, b))
    case (.varying(let moments, let a), .constant(let b)):
      return .varying(moments, a.map { combine($0, b) })
    case (.constant(let a), .varying(let moments, let b)):
      return .varying(moments, b.map { combine(a, $0) })
    case (.varying(let moments, let a), .varying(_, let b)):
      precondition(a.count == b.count, "BUG: numbers of different moments")
      return .varying(moments, zip(a, b).map(combine))
    }
  }
}

extension Int64 {
  /// Nanoseconds as seconds; whole milliseconds to the nearest Double.
  var asSeconds: Double {
    let (milliseconds, rest) = quotientAndRemainder(dividingBy: 1_000_000)
    return rest == 0 ? Double(milliseconds) / 1000 : Double(self) / 1e9
  }
}

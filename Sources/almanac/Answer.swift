import AlmanacCore
import Foundation

/// An answer of `/api/v1/table` in JSON, as the terminal shows it.
struct Answer: Decodable {
  struct Model: Decodable {
    struct HoldOut: Decodable {
      var mase: Double?
      var coverage: Double?
      var network_share: Double?
    }

    var id: String?
    var kind: String
    var state: String
    var trained_until: String
    var holdout: HoldOut?
    var reason: String?
  }

  struct Series: Decodable {
    var metric: String
    var labels: [String: String]
    var model: Model?
    var columns: [String]
    var values: [[Cell]]

    /// `memory<host=x>`
    var name: String {
      SeriesKey(metric: metric, labels: Labels(labels.map { ($0.key, $0.value) })).description
    }

    /// Times in nanoseconds.
    var times: [Int64] {
      values.map { row in
        guard case .text(let text) = row.first else { return 0 }
        return Timestamp(rfc3339: text)?.nanoseconds ?? 0
      }
    }

    /// The numbers of a column, NaN where there is none; nil where there is no such column.
    func numbers(_ column: String) -> [Double]? {
      guard let index = columns.firstIndex(of: column) else { return nil }
      return values.map { row in
        if case .number(let number) = row[index] { return number }
        return .nan
      }
    }
  }

  /// One cell: a number, a text, or nothing.
  enum Cell: Decodable {
    case number(Double)
    case text(String)
    case none

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .none
      } else if let number = try? container.decode(Double.self) {
        self = .number(number)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    var text: String {
      switch self {
      case .number(let number): number.shortestText
      case .text(let text): text
      case .none: ""
      }
    }

    /// As `text`, with six significant digits: for people, who can ask for CSV.
    var shortText: String {
      guard case .number(let number) = self, number != number.rounded() else { return text }
      return String(format: "%.6g", number)
    }
  }

  var type: String
  var series: [Series]
  var warnings: [String]
  var infos: [String]?
  var elapsed_ms: Double
}

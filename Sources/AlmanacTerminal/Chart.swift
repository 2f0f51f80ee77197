public import AlmanacCore

/// A time chart as text: lines, bands around them and marks over a common time and value axis.
///
/// ```swift
/// var chart = Chart(title: "memory", width: 100, height: 20, color: true)
/// chart.lines.append(.init(name: "memory", times: times, values: values, style: .history))
/// print(chart.render())
/// ```
///
/// Nothing that is put in traps: values that are not finite are gaps, of columns that differ in
/// length the shorter one counts, and parts that do not fit the size are left out.
public struct Chart: Sendable {
  /// How a line is drawn.
  public enum Style: Hashable, Sendable {
    /// What was measured.
    case history
    /// What is predicted.
    case forecast
    /// One of several series side by side, counted from 0; each has its own color.
    case series(Int)
  }

  /// A series of values in order of time.
  public struct Line: Sendable {
    /// What the legend calls it.
    public var name: String
    /// Nanoseconds since the Unix epoch, ascending.
    public var times: [Int64]
    /// The value at each time; NaN leaves a gap.
    public var values: [Double]
    /// How it is drawn.
    public var style: Style

    /// A line through `values` at `times`.
    public init(name: String, times: [Int64], values: [Double], style: Style = .history) {
      self.name = name
      self.times = times
      self.values = values
      self.style = style
    }

    /// A line through `samples`.
    public init(name: String, samples: Samples, style: Style = .history) {
      self.init(
        name: name, times: samples.timestamps, values: samples.values, style: style)
    }
  }

  /// A shaded area between two lines, such as a prediction interval.
  public struct Band: Sendable {
    /// What the legend calls it; empty for no entry.
    public var name: String
    /// Nanoseconds since the Unix epoch, ascending.
    public var times: [Int64]
    /// The lower edge at each time; where an edge is not finite there is a gap.
    public var lower: [Double]
    /// The upper edge at each time.
    public var upper: [Double]

    /// A band from `lower` to `upper` at `times`.
    public init(name: String = "", times: [Int64], lower: [Double], upper: [Double]) {
      self.name = name
      self.times = times
      self.lower = lower
      self.upper = upper
    }
  }

  /// A single point that stands out, such as an outlier.
  public struct Mark: Sendable {
    /// When.
    public var time: Int64
    /// At which value.
    public var value: Double
    /// What the legend calls it and all others with the same label; empty for no entry.
    public var label: String

    /// A mark at `value` and `time`, in nanoseconds since the Unix epoch.
    public init(time: Int64, value: Double, label: String = "") {
      self.time = time
      self.value = value
      self.label = label
    }
  }

  /// The first line, on the left.
  public var title: String
  /// The cells a line may take; at most 1,000 are used.
  public var width: Int
  /// The lines of text, title and legend included; at most 500 are used.
  public var height: Int
  /// Whether ANSI colors are used.
  public var color: Bool
  /// Whether braille dots and box drawing are used; plain ASCII otherwise.
  public var unicode: Bool

  /// The lines, later ones over earlier ones.
  public var lines: [Line] = []
  /// The bands, all below the lines.
  public var bands: [Band] = []
  /// The marks, over everything.
  public var marks: [Mark] = []
  /// Where history ends: a vertical line where the chart shows this moment.
  public var now: Timestamp?
  /// The time to show; nil for all there is.
  public var range: TimeRange?

  /// An empty chart.
  public init(title: String, width: Int, height: Int, color: Bool, unicode: Bool = true) {
    self.title = title
    self.width = width
    self.height = height
    self.color = color
    self.unicode = unicode
  }

  /// The chart as at most `height` lines, none wider than `width`, each ended by a newline.
  public func render() -> String {
    ChartRenderer(self).render()
  }
}

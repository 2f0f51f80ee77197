import AlmanacCore

/// Lays a chart out: which lines of text it has, how wide its axes are, what the legend says.
struct ChartRenderer {
  let chart: Chart
  let width: Int
  /// Rows of the plot itself and of what stands around it.
  let plotRows: Int
  let hasTitle: Bool
  let hasAxis: Bool
  let hasLegend: Bool
  /// Cells left of the plot: value labels, a space and the axis; 0 where there is no room.
  let gutter: Int
  let values: ValueAxis
  let times: TimeAxis?
  /// Whether there is anything to draw.
  let isEmpty: Bool

  var plotColumns: Int { width - gutter }

  init(_ chart: Chart) {
    self.chart = chart
    width = max(1, min(chart.width, 1000))
    let height = max(1, min(chart.height, 500))
    hasTitle = height >= 6
    hasAxis = height >= 4
    hasLegend = height >= 5
    plotRows = height - (hasTitle ? 1 : 0) - (hasAxis ? 2 : 0) - (hasLegend ? 1 : 0)
    let extent = ChartExtent(chart)
    times = extent.times
    isEmpty = extent.values == nil
    let bounds = extent.values ?? 0...1
    values = ValueAxis(
      low: bounds.lowerBound, high: bounds.upperBound, most: min(6, (plotRows + 1) / 2))
    let labelWidth = isEmpty ? 0 : values.labels.map(\.text.count).max() ?? 0
    gutter = width - labelWidth - 2 >= 10 && hasAxis ? labelWidth + 2 : 0
  }

  private var glyphs: (vertical: String, tick: String, corner: String, horizontal: String) {
    chart.unicode ? ("│", "┤", "└", "─") : ("|", "+", "+", "-")
  }

  /// The whole chart.
  func render() -> String {
    var lines: [StyledLine] = []
    if hasTitle { lines.append(titleLine()) }
    lines += plotLines()
    if hasAxis { lines += axisLines() }
    if hasLegend { lines.append(legendLine()) }
    return lines.map { $0.rendered(color: chart.color) + "\n" }.joined()
  }

  private func clean(_ text: String) -> String {
    DisplayText.clean(text, unicode: chart.unicode)
  }

  private func titleLine() -> StyledLine {
    var line = StyledLine()
    let title = DisplayText.cut(clean(chart.title), to: width, unicode: chart.unicode)
    line.append(title, .title)
    if let text = times?.rangeText, line.width + 3 + text.count <= width {
      line.pad(to: width - text.count)
      line.append(text, .axis)
    }
    return line
  }

  private func plotLines() -> [StyledLine] {
    var canvas = BrailleCanvas(
      columns: plotColumns, rows: plotRows, unicode: chart.unicode, color: chart.color)
    if let times {
      ChartPainter(chart: chart, times: times, values: values).paint(on: &canvas)
    }
    var labels: [Int: String] = [:]
    for label in values.labels where !isEmpty {
      labels[values.dot(label.value, height: canvas.height) / canvas.dotsDown] = label.text
    }
    return (0..<plotRows).map { row in
      var line = StyledLine()
      if gutter > 0 {
        let label = labels[row] ?? ""
        line.append(DisplayText.padded(label, to: gutter - 2, right: true) + " ")
        line.append(label.isEmpty ? glyphs.vertical : glyphs.tick, .axis)
      }
      let note = "no data"
      if isEmpty, row == plotRows / 2, plotColumns >= note.count {
        line.pad(to: gutter + (plotColumns - note.count) / 2)
        line.append(note)
      } else {
        canvas.append(row: row, to: &line)
      }
      return line
    }
  }

  /// The horizontal axis with its ticks and the line of labels below.
  private func axisLines() -> [StyledLine] {
    let dotsAcross = chart.unicode ? 2 : 1
    let labels =
      times?.labels(columns: plotColumns, dotsAcross: dotsAcross, margin: gutter) ?? []
    var cells = Array(repeating: glyphs.horizontal, count: plotColumns)
    for label in labels { cells[label.column] = chart.unicode ? "┬" : "+" }
    if let column = nowColumn(dotsAcross: dotsAcross) { cells[column] = chart.unicode ? "┴" : "|" }
    var axis = StyledLine()
    axis.pad(to: gutter - 1)
    if gutter > 0 { axis.append(glyphs.corner, .axis) }
    axis.append(cells.joined(), .axis)
    var names = StyledLine()
    for label in labels {
      names.pad(to: gutter + label.left)
      names.append(label.text)
    }
    return [axis, names]
  }

  private func nowColumn(dotsAcross: Int) -> Int? {
    guard let now = chart.now, let times else { return nil }
    return times.dot(now.nanoseconds, width: plotColumns * dotsAcross).map { $0 / dotsAcross }
  }

  /// Signs and names of what the chart shows, as many as fit.
  private func legendLine() -> StyledLine {
    var entries: [(sign: String, ink: Ink, text: String)] = []
    for line in chart.lines where !line.name.isEmpty {
      let ink = Ink.line(line.style)
      let letter = BrailleCanvas.letter(ink)
      entries.append((chart.unicode ? "──" : letter + letter, ink, line.name))
    }
    for name in Self.distinct(chart.bands.map(\.name)) {
      entries.append((chart.unicode ? "░░" : "::", .band, name.text))
    }
    for label in Self.distinct(chart.marks.map(\.label)) {
      let text = label.count > 1 ? "\(label.text) (\(label.count))" : label.text
      entries.append((ChartPainter.markSign(chart), .mark, text))
    }
    if nowColumn(dotsAcross: 1) != nil {
      entries.append((ChartPainter.nowSign(chart), .now, "now"))
    }
    var legend = StyledLine()
    legend.pad(to: gutter)
    for (index, entry) in entries.enumerated() {
      let text = clean(entry.text)
      let left = entries.count - index
      let gap = index == 0 ? 0 : 3
      // Room for "   +12" is kept unless this is the last one.
      let room = width - legend.width - gap - (left > 1 ? 3 + 1 + "\(left)".count : 0)
      let needed = entry.sign.count + 1 + DisplayText.width(of: text)
      if needed > room, index > 0 {
        let more = "   +\(left)"
        if legend.width + more.count <= width { legend.append(more) }
        break
      }
      legend.append(String(repeating: " ", count: gap))
      guard room > entry.sign.count + 1 else { break }
      legend.append(entry.sign, entry.ink)
      legend.append(
        " " + DisplayText.cut(text, to: room - entry.sign.count - 1, unicode: chart.unicode))
    }
    return legend
  }

  /// The different texts in order of their first place, without the empty one, and how often.
  private static func distinct(_ texts: [String]) -> [(text: String, count: Int)] {
    var counts: [String: Int] = [:]
    var order: [String] = []
    for text in texts where !text.isEmpty {
      if counts[text] == nil { order.append(text) }
      counts[text, default: 0] += 1
    }
    return order.map { ($0, counts[$0] ?? 0) }
  }
}

/// What a chart spans: the time that is to be shown and the finite values in it.
struct ChartExtent {
  private(set) var times: TimeAxis?
  private(set) var values: ClosedRange<Double>?

  init(_ chart: Chart) {
    let columns = chart.lines.map(\.times) + chart.bands.map(\.times) + [chart.marks.map(\.time)]
    let first = columns.compactMap { $0.min() }.min()
    let last = columns.compactMap { $0.max() }.max()
    guard let first, let last else { return }
    if let range = chart.range, !range.isEmpty {
      times = TimeAxis(start: range.start.nanoseconds, end: range.end.nanoseconds)
    } else {
      times = TimeAxis(start: first, end: last)
    }
    for line in chart.lines { widen(line.times, line.values) }
    for mark in chart.marks { widen([mark.time], [mark.value]) }
    let inner = values
    for band in chart.bands {
      widen(band.times, band.lower)
      widen(band.times, band.upper)
    }
    // A band that runs away must not press the lines flat: it is cut off instead.
    if let inner, let outer = values, inner.lowerBound < inner.upperBound {
      let room = (inner.upperBound / 2 - inner.lowerBound / 2) * 3
      let low = max(outer.lowerBound, inner.lowerBound - room)
      values = low...max(low, min(outer.upperBound, inner.upperBound + room))
    }
  }

  private mutating func widen(_ times: [Int64], _ values: [Double]) {
    guard let axis = self.times else { return }
    var low = self.values?.lowerBound ?? .infinity
    var high = self.values?.upperBound ?? -.infinity
    for (time, value) in zip(times, values) where value.isFinite {
      guard axis.start <= time, time <= axis.end else { continue }
      low = min(low, value)
      high = max(high, value)
    }
    if low <= high { self.values = low...high }
  }
}

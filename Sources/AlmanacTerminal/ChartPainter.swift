import AlmanacCore

/// Draws the lines, bands and marks of a chart on a canvas.
struct ChartPainter {
  let chart: Chart
  let times: TimeAxis
  let values: ValueAxis

  static func markSign(_ chart: Chart) -> String { chart.unicode && chart.color ? "●" : "o" }

  static func nowSign(_ chart: Chart) -> String { chart.unicode ? "┊" : "|" }

  /// Draws everything: bands, then lines, then marks over them.
  func paint(on canvas: inout BrailleCanvas) {
    for band in chart.bands { paint(band, on: &canvas) }
    for line in chart.lines { paint(line, on: &canvas) }
    if let now = chart.now, let x = times.dot(now.nanoseconds, width: canvas.width) {
      let sign = Character(Self.nowSign(chart))
      for row in 0..<canvas.rows {
        canvas.put(sign, atDot: x, row * canvas.dotsDown, .now, over: false)
      }
    }
    let sign = Character(Self.markSign(chart))
    for mark in chart.marks where mark.value.isFinite {
      guard let x = times.dot(mark.time, width: canvas.width) else { continue }
      canvas.put(sign, atDot: x, values.dot(mark.value, height: canvas.height), .mark, over: true)
    }
  }

  /// Joins neighbours: inside one column of dots that fills the column from its least to its
  /// greatest value, so no spike is lost however many samples share it.
  private func paint(_ line: Chart.Line, on canvas: inout BrailleCanvas) {
    let longest = Self.longestJoin(line.times)
    var previous: (x: Int, y: Int, time: Int64)?
    for (time, value) in zip(line.times, line.values) {
      guard value.isFinite, let x = times.dot(time, width: canvas.width) else {
        previous = nil
        continue
      }
      let y = values.dot(value, height: canvas.height)
      if let from = previous, UInt64(bitPattern: time &- from.time) <= longest {
        canvas.segment(from: (from.x, from.y), to: (x, y), .line(line.style))
      } else {
        canvas.set(x, y, .line(line.style))
      }
      previous = (x, y, time)
    }
  }

  private func paint(_ band: Chart.Band, on canvas: inout BrailleCanvas) {
    let longest = Self.longestJoin(band.times)
    var edges = Array<ClosedRange<Int>?>(repeating: nil, count: canvas.width)
    var previous: (x: Int, top: Int, bottom: Int, time: Int64)?
    for ((time, lower), upper) in zip(zip(band.times, band.lower), band.upper) {
      guard lower.isFinite, upper.isFinite, lower <= upper,
        let x = times.dot(time, width: canvas.width)
      else {
        previous = nil
        continue
      }
      let top = values.dot(upper, height: canvas.height)
      let bottom = values.dot(lower, height: canvas.height)
      var from = (x: x, top: top, bottom: bottom)
      if let previous, UInt64(bitPattern: time &- previous.time) <= longest, previous.x < x {
        from = (previous.x, previous.top, previous.bottom)
      }
      for column in from.x...x {
        let share = x == from.x ? 1 : Double(column - from.x) / Double(x - from.x)
        let upperDot = from.top + Int((share * Double(top - from.top)).rounded())
        let lowerDot = from.bottom + Int((share * Double(bottom - from.bottom)).rounded())
        let old = edges[column] ?? upperDot...max(upperDot, lowerDot)
        edges[column] =
          min(old.lowerBound, upperDot)...max(old.upperBound, upperDot, lowerDot)
      }
      previous = (x, top, bottom, time)
    }
    for (x, edge) in edges.enumerated() {
      if let edge { canvas.shade(x, from: edge.lowerBound, to: edge.upperBound) }
    }
  }

  /// The longest distance over which two neighbours are joined; beyond it samples are missing.
  ///
  /// Two and a half usual distances where nearly all are alike, ten where they differ.
  static func longestJoin(_ times: [Int64]) -> UInt64 {
    guard times.count > 2 else { return .max }
    // A thousand of them, evenly spread, are enough to know what is usual.
    let stride = max(1, times.count / 1000)
    var steps: [UInt64] = []
    for index in Swift.stride(from: 1, to: times.count, by: stride) {
      let (step, overflow) = times[index].subtractingReportingOverflow(times[index - 1])
      if !overflow, step > 0 { steps.append(UInt64(step)) }
    }
    guard !steps.isEmpty else { return .max }
    steps.sort()
    let usual = Double(steps[steps.count / 2])
    let regular = Double(steps[steps.count * 9 / 10]) <= usual * 1.5
    return UInt64(min(usual * (regular ? 2.5 : 10), 1e19))
  }
}

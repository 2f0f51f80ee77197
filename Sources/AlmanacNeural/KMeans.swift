/// A hard clustering to start from: centres drawn by k-means++ (Arthur & Vassilvitskii 2007), then
/// a few of Lloyd's rounds.
///
/// Distances are in units of each column's spread, so that a column in bytes does not drown one in
/// percent.
struct KMeans {
  /// (K, D) row-major.
  let centres: [Double]
  /// The cluster of each row, (N).
  let assignment: [Int]

  private static let rounds = 20

  init(_ rows: [Double], dimensions: Int, clusters: Int, seed: UInt64) {
    var search = Search(rows, dimensions: dimensions)
    search.drawCentres(clusters, seed: seed)
    for _ in 0..<Self.rounds {
      guard search.moveRows() else { break }
      search.moveCentres()
    }
    centres = search.centres
    assignment = search.assignment
  }
}

extension KMeans {
  private struct Search {
    let rows: [Double]
    let dimensions: Int
    let count: Int
    let inverseVariance: [Double]  // (D)
    var centres: [Double] = []
    var assignment: [Int]

    init(_ rows: [Double], dimensions: Int) {
      let count = rows.count / dimensions
      self.rows = rows
      self.dimensions = dimensions
      self.count = count
      assignment = [Int](repeating: -1, count: count)
      inverseVariance = (0..<dimensions).map { d in
        let column = stride(from: d, to: rows.count, by: dimensions)
        let mean = column.reduce(0) { $0 + rows[$1] / Double(count) }
        let variance = column.reduce(0) { $0 + (rows[$1] - mean) * (rows[$1] - mean) }
        return variance > 0 ? Double(count) / variance : 0
      }
    }

    /// Each centre is a row drawn with a chance in proportion to its squared distance to the
    /// nearest centre so far.
    mutating func drawCentres(_ clusters: Int, seed: UInt64) {
      var random = RandomSource(seed: seed)
      addCentre(random.index(below: count))
      var nearest = (0..<count).map { distance($0, to: 0) }
      for cluster in 1..<max(clusters, 1) {
        let total = nearest.reduce(0, +)
        var rest = random.uniform() * total
        var chosen = random.index(below: count)  // where all rows sit on centres
        if total > 0 {
          for row in 0..<count where nearest[row] > 0 {
            chosen = row
            rest -= nearest[row]
            if rest < 0 { break }
          }
        }
        addCentre(chosen)
        for row in 0..<count { nearest[row] = min(nearest[row], distance(row, to: cluster)) }
      }
    }

    /// Gives each row to its nearest centre; says whether any changed.
    mutating func moveRows() -> Bool {
      var changed = false
      for row in 0..<count {
        var best = 0
        var least = Double.infinity
        for cluster in 0..<centres.count / dimensions {
          let length = distance(row, to: cluster)
          if length < least { (best, least) = (cluster, length) }
        }
        if assignment[row] != best {
          assignment[row] = best
          changed = true
        }
      }
      return changed
    }

    /// Puts each centre in the mean of its rows; one without rows stays.
    mutating func moveCentres() {
      var sums = [Double](repeating: 0, count: centres.count)
      var counts = [Double](repeating: 0, count: centres.count / dimensions)
      for row in 0..<count {
        let cluster = assignment[row]
        counts[cluster] += 1
        for d in 0..<dimensions {
          sums[cluster * dimensions + d] += rows[row * dimensions + d]
        }
      }
      for cluster in counts.indices where counts[cluster] > 0 {
        for d in 0..<dimensions {
          centres[cluster * dimensions + d] = sums[cluster * dimensions + d] / counts[cluster]
        }
      }
    }

    private mutating func addCentre(_ row: Int) {
      centres += rows[row * dimensions..<(row + 1) * dimensions]
    }

    private func distance(_ row: Int, to cluster: Int) -> Double {
      var sum = 0.0
      for d in 0..<dimensions {
        let difference = rows[row * dimensions + d] - centres[cluster * dimensions + d]
        sum += difference * difference * inverseVariance[d]
      }
      return sum
    }
  }
}

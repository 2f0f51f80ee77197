/// A row-major view of some floats of a `Storage`; a vector is a matrix of one row.
///
/// A view is a reference: writing through it writes the storage. Its bounds are checked once, here.
struct Matrix: Sendable {
  let storage: Storage
  let offset: Int
  let rows: Int
  let columns: Int
  /// Floats from one row to the next; more than `columns` where the view is part of a wider matrix.
  let stride: Int

  init(_ storage: Storage, offset: Int, rows: Int, columns: Int, stride: Int? = nil) {
    let stride = stride ?? columns
    precondition(
      offset >= 0 && rows >= 1 && columns >= 1 && stride >= columns
        && offset + (rows - 1) * stride + columns <= storage.count,
      "BUG: a matrix (\(rows), \(columns)) at \(offset) leaves its storage of \(storage.count)")
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.stride = stride
  }

  /// A zeroed matrix with a storage of its own.
  init(rows: Int, columns: Int) {
    self.init(Storage(count: rows * columns), offset: 0, rows: rows, columns: columns)
  }

  /// Whether the rows follow each other without a gap.
  var isContiguous: Bool { stride == columns || rows == 1 }

  /// `count` rows from `first` on.
  func rows(from first: Int, count: Int) -> Matrix {
    precondition(first >= 0 && count >= 1 && first + count <= rows, "BUG: rows outside the matrix")
    return Matrix(
      storage, offset: offset + first * stride, rows: count, columns: columns, stride: stride)
  }

  /// `count` columns from `first` on.
  func columns(from first: Int, count: Int) -> Matrix {
    precondition(
      first >= 0 && count >= 1 && first + count <= columns, "BUG: columns outside the matrix")
    return Matrix(storage, offset: offset + first, rows: rows, columns: count, stride: stride)
  }

  /// One row as a vector.
  func row(_ index: Int) -> Matrix { rows(from: index, count: 1) }

  subscript(row: Int, column: Int) -> Float {
    get {
      precondition(column >= 0 && column < columns && row >= 0 && row < rows, "BUG: matrix index")
      return storage[offset + row * stride + column]
    }
    nonmutating set {
      precondition(column >= 0 && column < columns && row >= 0 && row < rows, "BUG: matrix index")
      storage[offset + row * stride + column] = newValue
    }
  }
}

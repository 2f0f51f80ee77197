import Testing

@testable import AlmanacNeural

@Suite("Matrices and products")
struct MatrixTests {
  static let shapes = [(1, 1, 1), (1, 5, 15), (2, 3, 4), (4, 8, 24), (5, 7, 33), (7, 64, 192)]

  func random(_ rows: Int, _ columns: Int, _ source: inout RandomSource) -> Matrix {
    let matrix = Matrix(rows: rows, columns: columns)
    for index in 0..<rows * columns { matrix.storage[index] = source.uniform(-1, 1) }
    return matrix
  }

  func product(_ a: Matrix, _ b: Matrix) -> [Double] {
    var result: [Double] = []
    for row in 0..<a.rows {
      for column in 0..<b.columns {
        result.append(
          (0..<a.columns).reduce(0) { $0 + Double(a[row, $1]) * Double(b[$1, column]) })
      }
    }
    return result
  }

  @Test("BLAS and row products agree with plain sums", arguments: shapes)
  func products(_ m: Int, _ k: Int, _ n: Int) {
    BLASKernel.select()
    var source = RandomSource(seed: UInt64(m * k * n))
    let (a, b) = (random(m, k, &source), random(k, n, &source))
    let wanted = product(a, b)

    let c = Matrix(rows: m, columns: n)
    BLAS.multiply(a, b, into: c)
    expectClose(c.storage.array, wanted, tolerance: 1e-5)
    BLAS.multiply(a, b, into: c, adding: true)
    expectClose(c.storage.array, wanted.map { 2 * $0 }, tolerance: 1e-5)

    let transposed = Matrix(rows: k, columns: m)
    Kernels.transpose(a, into: transposed)
    BLAS.multiplyTransposed(transposed, b, into: c)
    expectClose(c.storage.array, wanted, tolerance: 1e-5)

    Kernels.multiplyRows(a, b, into: c)
    expectClose(c.storage.array, wanted, tolerance: 1e-5)
  }

  @Test("a row's product is the same to the last bit among any number of rows", arguments: shapes)
  func rowsAlone(_ m: Int, _ k: Int, _ n: Int) {
    var source = RandomSource(seed: 5)
    let (a, b) = (random(m, k, &source), random(k, n, &source))
    let whole = Matrix(rows: m, columns: n)
    Kernels.multiplyRows(a, b, into: whole)
    for row in 0..<m {
      let alone = Matrix(rows: 1, columns: n)
      Kernels.multiplyRows(a.row(row), b, into: alone)
      #expect(alone.storage.array == (0..<n).map { whole[row, $0] })
    }
  }

  @Test("a view writes the columns it shows and no others")
  func views() {
    let wide = Matrix(rows: 3, columns: 5)
    let view = wide.columns(from: 1, count: 2).rows(from: 1, count: 2)
    view[1, 1] = 7
    #expect(wide[2, 2] == 7)
    #expect(wide.storage.array.filter { $0 != 0 }.count == 1)
  }

  @Test("the BLAS core has a name, always the same")
  func core() {
    #expect(!BLASKernel.select().isEmpty)
    #expect(BLASKernel.select() == BLASKernel.select())
  }
}

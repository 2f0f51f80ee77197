import CKernels
import COpenBLAS

/// Matrix products by OpenBLAS: row-major, single precision, one thread.
enum BLAS {
  /// c = a b, or c += a b. a is (M, K), b is (K, N), c is (M, N); c must not overlap a or b.
  static func multiply(_ a: Matrix, _ b: Matrix, into c: Matrix, adding: Bool = false) {
    precondition(
      a.columns == b.rows && c.rows == a.rows && c.columns == b.columns,
      "BUG: product of (\(a.rows), \(a.columns)) and (\(b.rows), \(b.columns))")
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, CInt(c.rows), CInt(c.columns), CInt(a.columns), 1,
      a.pointer, CInt(a.stride), b.pointer, CInt(b.stride), adding ? 1 : 0, c.pointer,
      CInt(c.stride))
  }

  /// c = a^T b, or c += a^T b. a is (K, M), b is (K, N), c is (M, N); c must not overlap a or b.
  static func multiplyTransposed(_ a: Matrix, _ b: Matrix, into c: Matrix, adding: Bool = false) {
    precondition(
      a.rows == b.rows && c.rows == a.columns && c.columns == b.columns,
      "BUG: product of (\(a.rows), \(a.columns)) transposed and (\(b.rows), \(b.columns))")
    cblas_sgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, CInt(c.rows), CInt(c.columns), CInt(a.rows), 1,
      a.pointer, CInt(a.stride), b.pointer, CInt(b.stride), adding ? 1 : 0, c.pointer,
      CInt(c.stride))
  }
}

/// The processor-specific part of the BLAS library.
public enum BLASKernel {
  private static let core = String(cString: almanac_blas_select_core())

  /// Makes OpenBLAS use the kernels that suit this processor, on one thread, and says which they
  /// are.
  ///
  /// Some releases of OpenBLAS run code of 2004 on processors they do not know, four times too
  /// slow; see `almanac_blas_select_core`. An `OPENBLAS_CORETYPE` set by the user is respected.
  /// Training calls this too, but a program should call it once at its start, before it has other
  /// threads.
  ///
  /// - Returns: the core name for the log, such as `SkylakeX`; `unknown` if the library does not
  ///   say. Further calls do nothing and return the same name.
  @discardableResult
  public static func select() -> String { core }
}

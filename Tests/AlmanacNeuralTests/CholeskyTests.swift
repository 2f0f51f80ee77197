import AlmanacTesting
import Testing

@testable import AlmanacNeural

@Suite struct CholeskyTests {
  @Test("equations are solved, and such without a solution are refused")
  func solve() throws {
    let solved = try #require(Cholesky([4, 0, 2, 3], size: 2, tolerance: 1e-13)?.solve([10, 8]))
    #expect(abs(solved[0] - 1.75) < 1e-12 && abs(solved[1] - 1.5) < 1e-12)
    #expect(Cholesky([1, 0, 1, 1], size: 2, tolerance: 1e-13) == nil)
  }
}

/// A 128-bit hash that is the same in every process and on every machine.
///
/// Two lanes of multiply-and-fold with different constants, as in wyhash. It keeps apart what
/// differs by chance; it does not resist an adversary, who could only spoil models of their own.
public struct StableHash {
  private var low: UInt64 = 0x9E37_79B9_7F4A_7C15
  private var high: UInt64 = 0xC2B2_AE3D_27D4_EB4F

  /// Of nothing yet.
  public init() {}

  /// Takes in a word.
  public mutating func combine(_ word: UInt64) {
    low = Self.fold(low ^ word, 0xA076_1D64_78BD_642F)
    high = Self.fold(high ^ word ^ low, 0xE703_7ED1_A0B4_28DB)
  }

  /// Takes in bytes and their number.
  public mutating func combine(_ bytes: [UInt8]) {
    combine(UInt64(bytes.count))
    for byte in bytes { combine(UInt64(byte) | 0x100) }
  }

  /// Takes in a text.
  public mutating func combine(_ text: String) {
    combine(Array(text.utf8))
  }

  /// The hash of all that was taken in: 32 hexadecimal digits.
  public var hexadecimal: String {
    high.hexadecimal + low.hexadecimal
  }

  private static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: factor)
    // The added constant keeps zero from staying zero.
    return (product.high ^ product.low) &+ factor
  }
}

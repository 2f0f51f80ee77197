/// The 64-bit hash FNV-1a of Fowler, Noll and Vo: small, and the same everywhere and ever.
public struct FNV1a: Sendable {
  /// The hash of all bytes so far.
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  /// Of nothing yet.
  public init() {}

  /// Of some bytes.
  public init(_ bytes: some Sequence<UInt8>) {
    combine(bytes)
  }

  /// Takes in bytes.
  public mutating func combine(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }
}

extension UInt64 {
  /// The number in 16 hexadecimal digits.
  public var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

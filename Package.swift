// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: the three upcoming features make imports and existentials
/// explicit, and a warning is an error.
let common: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// Targets that have no business with pointers: any unsafe use must say `unsafe` to compile.
let safe: [SwiftSetting] = common + [.strictMemorySafety()]

let package = Package(
  name: "almanac",
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2")
  ],
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(name: "AlmanacCore", swiftSettings: safe),
    .target(
      name: "AlmanacCodec", dependencies: ["AlmanacCore", "CZstd"], swiftSettings: common),
    .target(
      name: "AlmanacStore",
      dependencies: [
        "AlmanacCore", "AlmanacCodec", "CLMDB", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
    .target(
      name: "AlmanacTesting", dependencies: ["AlmanacCore"], path: "Tests/AlmanacTesting",
      swiftSettings: common),
    .testTarget(
      name: "AlmanacCoreTests", dependencies: ["AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacCodecTests", dependencies: ["AlmanacCodec", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacStoreTests",
      dependencies: [
        "AlmanacStore", "AlmanacCore", "AlmanacTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
  ]
)

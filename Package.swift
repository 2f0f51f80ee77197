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
  products: [
    .executable(name: "almanac", targets: ["almanac"]),
    // For Benchmarks, which is a package of its own.
    .library(
      name: "AlmanacLibrary",
      targets: [
        "AlmanacCore", "AlmanacPattern", "AlmanacCodec", "AlmanacIngest", "AlmanacStore",
        "AlmanacNeural", "AlmanacForecast", "AlmanacQuery", "AlmanacEngine",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // C libraries of the system, and the C and C++ targets of our own.
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CMalloc"),
    .target(
      name: "CKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(name: "CCodec"),
    .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

    // The house, from the ground up. docs/architecture.md draws it.
    .target(name: "AlmanacCore", swiftSettings: safe),
    .target(name: "AlmanacPattern", dependencies: ["CRE2"], swiftSettings: common),
    .target(
      name: "AlmanacCodec", dependencies: ["AlmanacCore", "CCodec", "CZstd"], swiftSettings: common),
    .target(name: "AlmanacIngest", dependencies: ["AlmanacCore"], swiftSettings: common),
    .target(
      name: "AlmanacStore",
      dependencies: [
        "AlmanacCore", "AlmanacCodec", "AlmanacPattern", "CLMDB",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
    .target(
      name: "AlmanacNeural", dependencies: ["CKernels", "COpenBLAS"], swiftSettings: common),
    .target(
      name: "AlmanacForecast", dependencies: ["AlmanacCore", "AlmanacNeural"],
      swiftSettings: safe),
    .target(
      name: "AlmanacQuery", dependencies: ["AlmanacCore", "AlmanacForecast", "AlmanacPattern"],
      swiftSettings: safe),
    .target(
      name: "AlmanacRules",
      dependencies: [
        "AlmanacCore", "AlmanacForecast", "AlmanacPattern", "AlmanacQuery",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: safe),
    .target(
      name: "AlmanacEngine",
      dependencies: [
        "AlmanacCore", "AlmanacIngest", "AlmanacStore", "AlmanacQuery", "AlmanacForecast",
        "AlmanacNeural", "AlmanacPattern", "AlmanacRules",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: safe),
    .target(
      name: "AlmanacServer",
      dependencies: [
        "AlmanacCore", "AlmanacEngine", "AlmanacForecast", "AlmanacIngest", "AlmanacQuery",
        "AlmanacRules", "AlmanacStore", "CZlib",
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [.embedInCode("Page/index.html")],
      swiftSettings: common),
    .target(
      name: "AlmanacTerminal", dependencies: ["AlmanacCore"], swiftSettings: safe),
    .executableTarget(
      name: "almanac",
      dependencies: [
        "AlmanacCore", "AlmanacEngine", "AlmanacQuery", "AlmanacRules", "AlmanacServer",
        "AlmanacStore", "AlmanacTerminal", "CMalloc",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: common),

    // Tests. AlmanacTesting is what they share.
    .target(
      name: "AlmanacTesting",
      dependencies: ["AlmanacCore"], path: "Tests/AlmanacTesting",
      swiftSettings: common),
    .testTarget(
      name: "AlmanacCoreTests", dependencies: ["AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacPatternTests", dependencies: ["AlmanacPattern", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacCodecTests", dependencies: ["AlmanacCodec", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacIngestTests", dependencies: ["AlmanacIngest", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacStoreTests",
      dependencies: [
        "AlmanacStore", "AlmanacPattern", "AlmanacCore", "AlmanacTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacQueryTests",
      dependencies: ["AlmanacQuery", "AlmanacPattern", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacRulesTests",
      dependencies: ["AlmanacRules", "AlmanacQuery", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacNeuralTests", dependencies: ["AlmanacNeural", "CKernels", "AlmanacTesting"],
      exclude: ["Fixtures"], swiftSettings: common),
    .testTarget(
      name: "AlmanacForecastTests",
      dependencies: ["AlmanacForecast", "AlmanacNeural", "AlmanacCore", "AlmanacTesting"],
      exclude: ["Fixtures"], swiftSettings: common),
    .testTarget(
      name: "AlmanacEngineTests",
      dependencies: [
        "AlmanacEngine", "AlmanacQuery", "AlmanacForecast", "AlmanacIngest", "AlmanacRules",
        "AlmanacStore", "AlmanacCore", "AlmanacTesting",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacServerTests",
      dependencies: [
        "AlmanacServer", "AlmanacEngine", "AlmanacQuery", "AlmanacRules", "AlmanacStore",
        "AlmanacCore", "AlmanacTesting",
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTesting", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
      ],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacTerminalTests",
      dependencies: ["AlmanacTerminal", "AlmanacCore", "AlmanacTesting"],
      swiftSettings: common),
    .testTarget(
      name: "AlmanacCommandTests",
      dependencies: ["almanac", "AlmanacCore", "AlmanacQuery", "AlmanacTesting"],
      exclude: ["Fixtures"], swiftSettings: common),
  ]
)

// `make docs` only: nobody who builds or tests needs the plugin.
if Context.environment["ALMANAC_DOCS"] != nil {
  package.dependencies.append(
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

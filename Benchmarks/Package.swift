// swift-tools-version: 6.2
import PackageDescription

/// The settings that the targets of Almanac have.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
]

/// A benchmark executable in the folder of its name.
func benchmarks(_ name: String) -> Target {
  .executableTarget(
    name: name,
    dependencies: [
      "Workload",
      .product(name: "AlmanacLibrary", package: "almanac"),
      .product(name: "Benchmark", package: "benchmark"),
      .product(name: "Logging", package: "swift-log"),
    ],
    path: name, swiftSettings: settings,
    plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

let package = Package(
  name: "Benchmarks",
  dependencies: [
    .package(name: "almanac", path: ".."),
    // Its default traits count allocations by interposing malloc; time is what is measured here.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // Made series, bodies of writes and rates: what the benchmarks share.
    .target(
      name: "Workload",
      dependencies: [
        .product(name: "AlmanacLibrary", package: "almanac"),
        .product(name: "Benchmark", package: "benchmark"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Workload", swiftSettings: settings),
    // Not a benchmark of its own: it loads a running server.
    .executableTarget(name: "Growth", path: "Growth", swiftSettings: settings),
    benchmarks("CodecBenchmarks"),
    benchmarks("IngestBenchmarks"),
    benchmarks("StoreBenchmarks"),
    benchmarks("QueryBenchmarks"),
    benchmarks("NeuralBenchmarks"),
    benchmarks("ForecastBenchmarks"),
  ]
)

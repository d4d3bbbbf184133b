// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// One fuzz target: an executable whose sources lie in the folder of its name.
func fuzzer(_ name: String) -> Target {
  .executableTarget(
    name: name, dependencies: ["FuzzDriver", "FuzzInvariants"], swiftSettings: strict)
}

let package = Package(
  name: "fanfare-fuzz",
  dependencies: [.package(name: "fanfare", path: "..")],
  targets: [
    .target(name: "FuzzDriver", path: "Sources/Driver", swiftSettings: strict),
    .target(
      name: "FuzzInvariants",
      dependencies: [.product(name: "FanfareServer", package: "fanfare")],
      path: "Sources/Invariants", swiftSettings: strict),
    fuzzer("FuzzRequestHead"),
    fuzzer("FuzzChunkedBody"),
    fuzzer("FuzzCursor"),
    fuzzer("FuzzWebSocket"),
  ]
)

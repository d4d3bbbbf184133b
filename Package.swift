// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  // A plain `async` function stays on its caller's executor (SE-0461): a helper that quietly left
  // the loop would cost microseconds a call.
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "fanfare",
  products: [
    .library(name: "FanfareServer", targets: ["FanfareServer"]),
    .executable(name: "fanfare", targets: ["fanfare"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
    // The configuration library's own YAML snapshot knows neither its keys nor their lines.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(
      url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CLibuv", path: "Sources/Runtime/CLibuv", pkgConfig: "libuv",
      providers: [.apt(["libuv1-dev"])]),
    .target(
      name: "FanfareRuntime",
      dependencies: [
        "CLibuv",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      path: "Sources/Runtime", exclude: ["CLibuv"], swiftSettings: strict),
    .target(
      name: "FanfareActors",
      dependencies: [
        "FanfareRuntime",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      path: "Sources/Actors", swiftSettings: strict),
    .systemLibrary(
      name: "CSQLite", path: "Sources/Backplane/CSQLite",
      providers: [.apt(["libsqlite3-dev"])]),
    .target(
      name: "FanfareBackplane",
      dependencies: [
        "FanfareActors", "FanfareFunctions", "FanfareRuntime", "CHiredis", "CSQLite",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      path: "Sources/Backplane", exclude: ["CHiredis", "CSQLite", "Redis/Functions/Library"],
      swiftSettings: strict),
    // A target of its own: its bytes are compiled only when they change.
    .target(
      name: "FanfareFunctions", path: "Sources/Backplane/Redis/Functions/Library",
      resources: ["names", "log", "publish", "nodes"].map { .embedInCode("\($0).lua") },
      swiftSettings: strict),
    // Debian's hiredis has a pkg-config file whose include path would hide the folder that its own
    // headers are named by.
    .systemLibrary(
      name: "CHiredis", path: "Sources/Backplane/CHiredis",
      providers: [.apt(["libhiredis-dev"])]),
    // A target of its own: its bytes are compiled only when they change.
    .target(
      name: "FanfarePages", path: "Sources/Server/Pages",
      resources: [
        "index.html", "page.css", "page.js", "parts.js", "jobs.html", "jobs.css", "jobs.js",
        "job.js", "enqueue.js",
        "fanfare.js", "fanfare.d.ts",
      ].map { .embedInCode("Assets/\($0)") }, swiftSettings: strict),
    .target(
      name: "FanfareServer",
      dependencies: [
        "FanfareRuntime", "FanfareActors", "FanfareBackplane", "FanfarePages",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Yams", package: "Yams"),
        .product(name: "Crypto", package: "swift-crypto"),
        "CZlib",
      ],
      path: "Sources/Server", exclude: ["CZlib", "Pages"], swiftSettings: strict),
    .systemLibrary(
      name: "CZlib", path: "Sources/Server/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"])]),
    .executableTarget(
      name: "fanfare",
      dependencies: [
        "FanfareServer", "FanfareRuntime", "FanfareActors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      path: "Sources/fanfare", swiftSettings: strict),
    // Load for a server in a process of its own; see Benchmarks/README.md.
    .systemLibrary(name: "CEpoll", path: "Benchmarks/Load/CEpoll"),
    .executableTarget(
      name: "fanfare-bench",
      dependencies: [
        "FanfareRuntime", "FanfareActors", "FanfareBackplane", "CEpoll",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Load", exclude: ["CEpoll"], swiftSettings: strict),
    // What the machine itself costs, to compare with.
    .executableTarget(
      name: "fanfare-floor", path: "Benchmarks/Floor",
      cSettings: [
        .define("_GNU_SOURCE"), .enableWarning("all"), .enableWarning("extra"),
        .treatAllWarnings(as: .error),
      ]),
    // What several test targets need: a server under test, clients, seeded worlds.
    .target(
      name: "FanfareTestKit",
      dependencies: [
        "FanfareServer", "FanfareRuntime", "FanfareActors", "FanfareBackplane",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/Kit", swiftSettings: strict),
    .testTarget(
      name: "FanfareRuntimeTests",
      dependencies: ["FanfareRuntime", "FanfareTestKit"], path: "Tests/Runtime",
      swiftSettings: strict),
    .testTarget(
      name: "FanfareActorsTests",
      dependencies: [
        "FanfareActors", "FanfareBackplane", "FanfareRuntime", "FanfareServer",
        "FanfareTestKit", "FuzzInvariants",
      ],
      path: "Tests/Actors", swiftSettings: strict),
    .testTarget(
      name: "FanfareBackplaneTests",
      dependencies: [
        "FanfareBackplane", "FanfareActors", "FanfareRuntime", "FanfareTestKit",
      ],
      path: "Tests/Backplane", swiftSettings: strict),
    .testTarget(
      name: "FanfareServerTests",
      dependencies: [
        "FanfareServer", "FanfareBackplane", "FanfareRuntime", "FanfareActors", "FanfareTestKit",
        "FuzzInvariants",
      ],
      path: "Tests/Server", swiftSettings: strict),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "FanfareServer", "FanfareRuntime", "FanfareActors", "FanfareTestKit", "fanfare-bench",
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Tests/EndToEnd", swiftSettings: strict),
    // What the fuzzers check; the suite checks it on their corpora.
    .testTarget(
      name: "FuzzInvariants", dependencies: ["FanfareServer"],
      path: "Fuzz/Sources/Invariants", swiftSettings: strict),
  ],
  cLanguageStandard: .c11
)

// The micro benchmarks look inside modules, which takes a build of their own: see
// Benchmarks/micro.sh.
if Context.environment["FANFARE_MICRO"] != nil {
  package.targets += [
    .target(
      name: "CAllocations", path: "Benchmarks/Micro/CAllocations",
      cSettings: [.treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "fanfare-micro",
      dependencies: [
        "CAllocations", "FanfareServer", "FanfareBackplane", "FanfareActors", "FanfareRuntime",
      ],
      path: "Benchmarks/Micro", exclude: ["CAllocations"], swiftSettings: strict),
  ]
}

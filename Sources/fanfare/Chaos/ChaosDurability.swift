import ArgumentParser

/// What the Redis of a cluster that is broken on purpose keeps through its own death.
enum ChaosDurability: String, CaseIterable, ExpressibleByArgument {
  /// Everything that it acknowledged.
  case always
  /// All but about the last second.
  case everysec
  /// Nothing.
  case none

  /// As on the command line of `redis-server`.
  var arguments: [String] {
    switch self {
    case .always, .everysec: ["--appendonly", "yes", "--appendfsync", rawValue]
    case .none: ["--appendonly", "no"]
    }
  }
}

/// Whether a node keeps jobs, and where.
public struct JobsSettings: Sendable, Equatable {
  /// What keeps them.
  public enum Store: String, Sendable, CaseIterable {
    /// ``sqlite`` on a node that is alone, ``off`` where several meet in Redis.
    case auto
    /// One file of this node.
    case sqlite
    /// Nothing: the node has no jobs.
    case off
  }

  /// What keeps them.
  ///
  /// The default is ``Store/auto``.
  public var store = Store.auto

  /// The file, seen from the working directory.
  ///
  /// The default is `fanfare.sqlite`.
  public var path = "fanfare.sqlite"

  /// How long a job that is over is kept, with its events and its log.
  ///
  /// The default is 7 days.
  public var retention = Duration.seconds(7 * 86_400)

  /// Whether no other node of a cluster has jobs, so that this one may keep them in a file.
  ///
  /// The default is false.
  public var onlyHere = false

  /// What everyone starts with.
  public init() {}
}

extension Settings {
  /// Whether this node has jobs.
  var keepsJobs: Bool {
    switch jobs.store {
    case .off: false
    case .sqlite: true
    case .auto: backplane == .local
    }
  }
}

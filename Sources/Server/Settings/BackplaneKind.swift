/// Where the nodes of a cluster meet.
public enum BackplaneKind: String, Sendable, Equatable, CaseIterable {
  /// Nowhere: one node, everything in its memory.
  case local
  /// In a Redis that all of them reach.
  case redis
}

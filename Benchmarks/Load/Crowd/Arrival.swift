import ArgumentParser

/// When an event has left the publisher's window.
enum Arrival: String, Sendable, CaseIterable, ExpressibleByArgument {
  /// When the server has answered the publish.
  case answered
  /// When the first follower has it: the next comes while the server still sends. Nothing waits for
  /// the load side here; where it is the slower one, the latency is that of its own queues.
  case first
  /// When all followers have it: with a window of 1, each delivery is a send of its own.
  case all
}

/// Why a connection to Redis ended or never opened.
package struct RedisLost: Error, Sendable, Equatable {
  /// In words, for the log: refused, reset, timed out, wrong password… Never holds a password.
  package var reason: String
  /// Whether trying again alone will not help: a wrong password, no such database.
  package var isFinal: Bool

  package init(_ reason: String, isFinal: Bool = false) {
    self.reason = reason
    self.isFinal = isFinal
  }
}

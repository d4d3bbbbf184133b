import ArgumentParser

/// What the server under load says and understands.
enum Dialect: String, Sendable, CaseIterable, ExpressibleByArgument {
  case fanfare
  /// nginx with nchan: it hands on what was published as it is, so that the event's number stands
  /// in its data, and takes one message a request.
  case nchan
}

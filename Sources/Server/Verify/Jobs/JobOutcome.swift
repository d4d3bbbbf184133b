import FanfareActors

/// What became of a job, as the server says in the end.
struct JobOutcome: Sendable {
  let state: String
  let result: [UInt8]?
  let events: [Event]

  /// One of its own events, in order.
  struct Event: Sendable {
    let kind: String
    let data: [UInt8]
    /// Milliseconds since 1970, by the server's clock.
    var time: Int64 = 0
  }

  /// Reads the answers about a job and its events; nil where they are none.
  init?(_ job: JSONFields, events answer: JSONFields) {
    guard let state = job.string("state"), let objects = answer.objects("events") else {
      return nil
    }
    self.state = state
    result = job.raw("result")
    var events: [Event] = []
    for (index, event) in objects.enumerated() {
      guard let type = event.string("type"), let data = event.raw("data"),
        let time = event.string("time").flatMap({ Timestamp.milliseconds($0) }),
        let position = event.string("position").flatMap({ Position($0) }),
        position.offset == UInt64(index + 1)
      else { return nil }
      events.append(Event(kind: type, data: data, time: time))
    }
    self.events = events
  }

  init(state: String, result: [UInt8]?, events: [Event]) {
    self.state = state
    self.result = result
    self.events = events
  }
}

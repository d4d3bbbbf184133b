import FanfareActors

/// One request of a long poll, and what its answer says. Sans-I/O.
struct PollExchange {
  private let names: String
  private let wait: Int

  /// - Parameter wait: the seconds for which the server may hold a request that finds nothing.
  init(_ channels: [ChannelName], wait: Int) {
    names = channels.map { PercentCoding.encode($0.text) }.joined(separator: ",")
    self.wait = wait
  }

  /// Asks for what comes after `cursor`; without one, where to begin.
  func request(after cursor: String?) -> ClientRequest {
    var target = "/events?channels=\(names)"
    // Without a cursor only the place to begin is wanted.
    if let cursor { target += "&wait=\(wait)&after=\(PercentCoding.encode(cursor))" }
    return ClientRequest(
      method: .get, target: target, fields: [HeaderField("Accept", "application/json")], body: [])
  }

  /// The verdicts, the events, and the cursor to keep, which comes last.
  func news(
    _ head: ResponseHead, _ body: [UInt8]
  ) throws(ClientError) -> (news: [FollowerNews], cursor: String) {
    guard head.status == 200 else { throw .refused(Refusal(head, body)) }
    guard let answer = JSONFields(body), let cursor = answer.string("cursor"),
      let verdicts = answer.objects("channels"), let events = answer.rawElements("events")
    else { throw .notUnderstood("the answer to a poll is not one; is it a Fanfare server?") }
    let attached = verdicts.compactMap(AttachedChannel.init)
    let received = events.compactMap { ReceivedEvent($0, cursor: "") }
    guard attached.count == verdicts.count, received.count == events.count else {
      throw .notUnderstood("a poll was answered with verdicts or events that are none")
    }
    return ([.attached(attached)] + received.map { .event($0) } + [.cursor(cursor)], cursor)
  }
}

/// What a connection is told of the backplane behind its channels.
extension Subscriber {
  /// Tells `reset` of every channel whose log began anew; their events begin again.
  func tellResets() {
    guard owesVerdicts, state == .streaming else { return }
    owesVerdicts = false
    var verdicts: [ChannelVerdict] = []
    for follower in followers where follower.state == .judged && follower.joining == nil {
      verdicts.append(
        ChannelVerdict(
          channel: follower.shard.channel, verdict: .reset, next: follower.next,
          epoch: follower.shard.epoch))
      fanout.count(.reset, namespace: follower.shard.namespace)
      follower.state = .ready
    }
    guard !verdicts.isEmpty else { return }
    guard format.tellsHoles else { return leave(.hole, retry: nil) }
    var bytes: [UInt8] = []
    format.appendAttached(verdicts, id: nil, cursor: cursor, to: &bytes)
    write(bytes)
  }

  /// Tells that continuity cannot be promised, or can be again, unless that was told last. Before
  /// its first verdict a connection is told nothing.
  func tellHealth(_ health: BackplaneHealth) {
    guard toldHealth != health, state == .streaming,
      followers.contains(where: { $0.joining == nil })
    else { return }
    toldHealth = health
    var bytes: [UInt8] = []
    format.appendHealth(health, to: &bytes)
    write(bytes)
  }

  /// The backplane did not say in time what the channels of `attachment` hold.
  func giveUp(_ attachment: Attachment) {
    let waiting = followers.filter { $0.joining?.attachment === attachment }
    for follower in waiting where state == .streaming && follower.state == .joining {
      refused(follower, .backplaneAway)
    }
  }
}

import FanfareActors
import FanfareRuntime
import Glibc

/// Where the events of jobs come to one loop that is the home of their channels. Confined to the
/// loop.
final class JobChannelDoor: TurnParticipant {
  private var loop: EventLoop?
  private var feed: (any BackplaneFeed)?
  /// What came for channels whose follow is not answered yet, or not heard yet by who asked.
  private var held: [ChannelName: [Event]] = [:]
  private var heard: [ChannelName] = []

  func start(_ feed: any BackplaneFeed, on loop: EventLoop) {
    guard self.loop == nil else { return }
    self.loop = loop
    self.feed = feed
    loop.addTurnParticipant(self)
  }

  /// What comes of `channel` waits.
  func hold(_ channel: ChannelName) {
    if held[channel] == nil { held[channel] = [] }
  }

  /// What waits of `channel` is fed once this turn is over.
  func release(_ channel: ChannelName) { heard.append(channel) }

  func forget(_ channel: ChannelName) {
    held[channel] = nil
    heard.removeAll { $0 == channel }
  }

  func receive(_ stored: [JobEvent]) {
    guard let loop else { return }
    var runs: [(channel: ChannelName, events: [Event])] = []
    for event in stored.compactMap({ $0.event(at: loop.now) }) {
      if held[event.channel] != nil {
        held[event.channel]?.append(event)
      } else if runs.last?.channel == event.channel {
        runs[runs.count - 1].events.append(event)
      } else {
        runs.append((event.channel, [event]))
      }
    }
    for run in runs { feed?.received(run.events, in: run.channel) }
  }

  func endOfTurn() -> Bool {
    guard !heard.isEmpty else { return false }
    let channels = heard
    heard = []
    for channel in channels {
      guard let events = held.removeValue(forKey: channel), !events.isEmpty else { continue }
      feed?.received(events, in: channel)
    }
    return true
  }
}

extension LoopConfined<JobChannelDoor> {
  /// Brings events to a loop whose inbox was full, and returns when they are in it: what comes
  /// later must not overtake them.
  func insist(_ events: [JobEvent]) {
    while !loop.post({ self.get.receive(events) }) { sched_yield() }
  }
}

import FanfareActors
import FanfareRuntime

@testable import FanfareServer

extension PromiseHistory {
  /// The steps with one thing wrong; nil where this history has no place for it.
  func steps(with plant: Plant) -> [Step]? {
    var steps = steps
    switch plant {
    case .skipped:
      // The next one gives it away; a reset in its place would be a way to tell.
      guard let pair = neighbours else { return nil }
      steps.remove(at: pair.0)
    case .doubled:
      guard let index = events.first else { return nil }
      steps.insert(steps[index], at: index)
    case .swapped:
      guard let pair = neighbours else { return nil }
      steps.swapAt(pair.0, pair.1)
    case .gapTooSmall, .gapElsewhere:
      guard let (index, gap) = gaps.first else { return nil }
      steps[index] = .news(.gap(wrong(gap, isElsewhere: plant == .gapElsewhere)))
    case .liveInsteadOfResumed:
      guard let (index, told) = resumed.first else { return nil }
      steps[index] = .news(verdict("live", told.channel, told.position))
    case .resumedElsewhere:
      guard let (index, told) = resumed.first, let at = Position(told.position) else { return nil }
      let ahead = Position(offset: at.offset + 1, epoch: at.epoch)
      steps[index] = .news(verdict("resumed", told.channel, ahead.description))
    case .otherEpoch:
      guard let index = events.first, case .news(.event(let event)) = steps[index],
        let at = Position(event.position)
      else { return nil }
      steps[index] = .news(self.event(event.channel, "\(at.offset).yyyyyyyyyyzz"))
    case .cursorAhead:
      let index = steps.firstIndex { if case .news(.cursor) = $0 { true } else { false } }
      guard let index, case .news(.cursor(let text)) = steps[index] else { return nil }
      steps[index] = .news(.cursor("1" + text))
    }
    return steps
  }

  private var events: [Int] { steps.indices.filter { channel($0) != nil } }

  /// Two events of one channel, one right after the other.
  private var neighbours: (Int, Int)? {
    zip(events, events.dropFirst()).first { $1 == $0 + 1 && channel($0) == channel($1) }
  }

  private func channel(_ index: Int) -> String? {
    if case .news(.event(let event)) = steps[index] { event.channel } else { nil }
  }

  private var gaps: [(Int, MissedEvents)] {
    steps.enumerated().compactMap { index, step in
      if case .news(.gap(let gap)) = step { (index, gap) } else { nil }
    }
  }

  private var resumed: [(Int, AttachedChannel)] {
    steps.enumerated().compactMap { index, step in
      guard case .news(.attached(let verdicts)) = step, let told = verdicts.first,
        told.verdict == "resumed"
      else { return nil }
      return (index, told)
    }
  }

  private func wrong(_ gap: MissedEvents, isElsewhere: Bool) -> MissedEvents {
    let from = isElsewhere ? "1" + gap.from : gap.from
    let to = isElsewhere ? "1" + gap.to : gap.to
    let json = """
      {"channel":"\(gap.channel)","from":"\(from)","to":"\(to)",\
      "missed":\(isElsewhere ? gap.count : gap.count - 1)}
      """
    return JSONFields(Array(json.utf8)).flatMap(MissedEvents.init) ?? gap
  }

  private func verdict(_ verdict: String, _ channel: String, _ position: String) -> FollowerNews {
    let json = #"{"channel":"\#(channel)","verdict":"\#(verdict)","position":"\#(position)"}"#
    return .attached([JSONFields(Array(json.utf8)).flatMap(AttachedChannel.init)].compactMap { $0 })
  }

  private func event(_ channel: String, _ position: String) -> FollowerNews {
    let json = #"{"channel":"\#(channel)","position":"\#(position)","type":"t","data":1,"time":""}"#
    return ReceivedEvent(Array(json.utf8), cursor: "").map { .event($0) } ?? .over
  }
}

import FanfareActors
import FanfareRuntime

@testable import FanfareServer

/// What one follower is told by a server that keeps its promise, by a model that knows nothing but
/// offsets: a log with a head, an oldest retained offset and a life.
struct PromiseHistory {
  enum Step {
    case connects(String?)
    case news(FollowerNews)

    func give(to audit: inout PromiseAudit) -> String? {
      switch self {
      case .connects(let cursor): audit.connects(with: cursor)
      case .news(let news): audit.note(news)
      }
    }
  }

  /// One thing wrong.
  enum Plant: CaseIterable {
    case skipped, doubled, swapped, gapTooSmall, gapElsewhere, liveInsteadOfResumed
    case resumedElsewhere, otherEpoch, cursorAhead
  }

  let channels = ["a", "b", "c"]
  private(set) var steps: [Step] = []
  private(set) var told: [String: Position] = [:]
  private(set) var delivered: [String: Int] = [:]
  private(set) var missed: [String: UInt64] = [:]
  private var head: [String: UInt64] = [:]
  private var life: [String: Int] = [:]
  private var random: SeededGenerator

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    for channel in channels { head[channel] = UInt64.random(in: 0...9, using: &random) }
    connect()
  }

  mutating func grow(_ count: Int) {
    for _ in 0..<count {
      let channel = channels[Int.random(in: 0..<3, using: &random)]
      switch Int.random(in: 0..<20, using: &random) {
      case 0: connect()
      case 1:
        // The log begins anew underneath.
        life[channel, default: 0] += 1
        head[channel] = UInt64.random(in: 0...(head[channel] ?? 0), using: &random)
        give(attach(channel, "reset", head[channel] ?? 0))
        give(.cursor(cursor))
      case 2:
        let from = (head[channel] ?? 0) + 1
        let to = from + UInt64.random(in: 0...5, using: &random)
        give(.gap(gap(channel, from, to)))
        note(channel, to, missing: to + 1 - from)
        give(.cursor(cursor))
      default: event(channel)
      }
    }
  }

  private mutating func event(_ channel: String) {
    let offset = (head[channel] ?? 0) + 1
    give(event(channel, offset))
    note(channel, offset, missing: 0)
    delivered[channel, default: 0] += 1
  }

  private mutating func connect() {
    let isFirst = told.isEmpty
    steps.append(.connects(isFirst ? nil : cursor))
    var verdicts: [FollowerNews] = []
    for channel in channels {
      let at = head[channel] ?? 0
      switch isFirst ? 3 : Int.random(in: 0..<3, using: &random) {
      case 0:
        let to = at + UInt64.random(in: 1...5, using: &random)
        let text = self.text(channel, at + 1)
        let rest = #","from":"\#(text)","to":"\#(self.text(channel, to))","missed":\#(to - at)"#
        verdicts.append(attach(channel, "gap", to, rest))
        missed[channel, default: 0] += to - at
      case 1:
        life[channel, default: 0] += 1
        verdicts.append(attach(channel, "reset", at))
      case 2: verdicts.append(attach(channel, "resumed", at))
      default: verdicts.append(attach(channel, "live", at))
      }
    }
    for verdict in verdicts { give(verdict) }
    give(.cursor(cursor))
  }

  private mutating func attach(
    _ channel: String, _ verdict: String, _ offset: UInt64, _ rest: String = ""
  ) -> FollowerNews {
    note(channel, offset, missing: 0)
    return attached(channel, verdict, offset, rest)
  }

  private mutating func note(_ channel: String, _ offset: UInt64, missing: UInt64) {
    head[channel] = offset
    told[channel] = Position(text(channel, offset))
    missed[channel, default: 0] += missing
  }

  private mutating func give(_ news: FollowerNews) { steps.append(.news(news)) }

  // MARK: Wording

  private var cursor: String {
    channels.map { told[$0]?.description ?? "-" }.joined(separator: ",")
  }

  func text(_ channel: String, _ offset: UInt64) -> String {
    let life = String(life[channel] ?? 0)
    return "\(offset).\(String(repeating: "0", count: 10 - life.utf8.count))\(life)zz"
  }

  func attached(
    _ channel: String, _ verdict: String, _ offset: UInt64, _ rest: String = ""
  ) -> FollowerNews {
    let at = text(channel, offset)
    let json = #"{"channel":"\#(channel)","verdict":"\#(verdict)","position":"\#(at)"\#(rest)}"#
    return .attached([JSONFields(Array(json.utf8)).flatMap(AttachedChannel.init)].compactMap { $0 })
  }

  private func event(_ channel: String, _ offset: UInt64) -> FollowerNews {
    let json = """
      {"channel":"\(channel)","position":"\(text(channel, offset))","type":"t","data":1,"time":""}
      """
    return ReceivedEvent(Array(json.utf8), cursor: "").map { .event($0) } ?? .over
  }

  private func gap(_ channel: String, _ from: UInt64, _ to: UInt64, more: Int = 0) -> MissedEvents {
    let json = """
      {"channel":"\(channel)","from":"\(text(channel, from))","to":"\(text(channel, to))",\
      "missed":\(Int(to + 1 - from) + more)}
      """
    guard let fields = JSONFields(Array(json.utf8)), let missed = MissedEvents(fields) else {
      preconditionFailure("the model writes what is not JSON")
    }
    return missed
  }
}

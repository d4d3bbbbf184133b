import FanfareActors
import FanfareRuntime

/// What one follower was delivered about jobs on their channels. Any thread.
///
/// A life is what was heard of a channel without a break: between two resets or gaps, both told.
final class JobHearing: Sendable {
  private struct Life {
    var isFirst: Bool
    var last: Position
    /// Prints of the events of each job, in order.
    var jobs: [String: [Int]] = [:]
  }

  /// What a comparison with the jobs' own events has shown.
  struct Verdict: Sendable {
    var heard = 0
    /// Events that were published into a log that was lost, or left history, before they could be
    /// heard.
    var unheard = 0
    var breaks = 0
    var faults: [String] = []
  }

  private struct Hearing {
    /// The logs that were there before the first job.
    var first: [String: Epoch] = [:]
    var lives: [String: [Life]] = [:]
  }

  private let hearing = Locked(Hearing())

  /// The follower has attached to channels that have no events yet, whose logs have these epochs.
  func begins(_ epochs: [String: Epoch]) { hearing.withLock { $0.first = epochs } }

  /// Takes one event. Returns what is wrong with it.
  func hear(_ event: ReceivedEvent, at position: Position) -> String? {
    guard let job = JSONFields(event.data)?.string("job") else {
      return "\(event.channel): the event at \(position) is not of a job"
    }
    hearing.withLock { hearing in
      var channel = hearing.lives[event.channel] ?? []
      hearing.lives[event.channel] = nil
      let isNext =
        channel.last.map {
          $0.last.epoch == position.epoch && $0.last.offset + 1 == position.offset
        } ?? false
      if !isNext {
        let isFirst = channel.isEmpty && hearing.first[event.channel] == position.epoch
        channel.append(Life(isFirst: isFirst, last: position))
      }
      channel[channel.count - 1].last = position
      channel[channel.count - 1].jobs[job, default: []].append(
        Self.print(event.type, event.data))
      hearing.lives[event.channel] = channel
    }
    return nil
  }

  /// Tells two events of a job apart.
  private static func print(_ type: String, _ data: [UInt8]) -> Int {
    var hasher = Hasher()
    hasher.combine(type)
    hasher.combine(data)
    return hasher.finalize()
  }

  /// Compares with the events of all jobs that have a channel: each must have been heard in their
  /// order, without a hole in any life, and to its end in the last one.
  func verdict(_ jobs: [String: JobOutcome]) -> Verdict {
    var verdict = Verdict()
    let lives = hearing.withLock { $0.lives }
    var heard: [String: Set<Int>] = [:]
    for (channel, chapters) in lives {
      verdict.breaks += chapters.count - 1
      for (index, life) in chapters.enumerated() {
        for (job, prints) in life.jobs {
          guard let outcome = jobs[job] else {
            verdict.faults.append("\(channel): events of \(job), which nobody was told of")
            continue
          }
          let all = outcome.events.map { Self.print($0.kind, $0.data) }
          guard let run = Self.run(of: prints, in: all) else {
            verdict.faults.append(
              "\(channel): \(prints.count) events of \(job) are no run of its \(all.count)")
            continue
          }
          heard[job, default: []].formUnion(run)
          if life.isFirst, run.lowerBound != 0 {
            verdict.faults.append("\(channel): \(job) begins with event \(run.lowerBound + 1)")
          }
          if index == chapters.count - 1, run.upperBound != all.count {
            verdict.faults.append("\(channel): \(job) ends with event \(run.upperBound)")
          }
        }
      }
    }
    for (job, outcome) in jobs {
      let count = heard[job]?.count ?? 0
      verdict.heard += count
      verdict.unheard += outcome.events.count - count
    }
    if verdict.breaks == 0, verdict.unheard > 0 {
      verdict.faults.append(
        "\(verdict.unheard) events of jobs were not heard, and nothing was told missing")
    }
    verdict.faults.sort()
    return verdict
  }

  private static func run(of part: [Int], in all: [Int]) -> Range<Int>? {
    guard part.count <= all.count else { return nil }
    for start in 0...(all.count - part.count)
    where all[start..<start + part.count].elementsEqual(part) {
      return start..<start + part.count
    }
    return nil
  }
}

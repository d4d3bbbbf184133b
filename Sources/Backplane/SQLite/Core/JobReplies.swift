import FanfareActors
import FanfareRuntime

typealias JobDoor = Door<JobCommand, Result<JobReply, JobRefusal>>

/// Names one command of one loop.
struct JobTicket: Sendable {
  let door: Int
  let number: UInt64
}

/// Answers on their way to the loops that asked: one message for each loop.
struct JobReplies {
  private struct Bundle {
    let door: LoopConfined<JobDoor>
    var answers: [(UInt64, Result<JobReply, JobRefusal>)] = []
  }

  private let loop: EventLoop
  /// By the numbers of the doors.
  private var bundles: [Int: Bundle] = [:]

  init(loop: EventLoop) {
    self.loop = loop
  }

  /// What is answered to a door goes there.
  mutating func know(_ door: LoopConfined<JobDoor>, _ number: Int) {
    if bundles[number] == nil { bundles[number] = Bundle(door: door) }
  }

  mutating func add(_ answer: Result<JobReply, JobRefusal>, to ticket: JobTicket) {
    bundles[ticket.door]?.answers.append((ticket.number, answer))
  }

  /// Returns whether a loop is so far behind that it has to be tried again.
  mutating func send() -> Bool {
    var isBehind = false
    for number in bundles.keys.sorted() {
      guard let bundle = bundles[number], !bundle.answers.isEmpty else { continue }
      let door = bundle.door
      let answers = bundle.answers
      if door.loop === loop {
        for (number, answer) in answers { door.get.answer(number, answer) }
      } else {
        let isPosted = door.loop.post {
          for (number, answer) in answers { door.get.answer(number, answer) }
        }
        guard isPosted else {
          isBehind = true
          continue
        }
      }
      bundles[number]?.answers = []
    }
    return isBehind
  }
}

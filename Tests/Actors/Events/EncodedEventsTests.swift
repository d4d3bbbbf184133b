import FanfareRuntime
import FanfareTestKit
import Testing

@testable import FanfareActors
@testable import FanfareServer

/// The ring of encoded bytes against a list of frames.
@Suite struct EncodedEventsTests {
  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func holdsWhatAListHolds(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let channel = try #require(ChannelName("project:1"))
    let epoch = Epoch(newFor: channel, random: &random)
    let format = SSEFormat(content: random.isOne(in: 2) ? .data : .event, isNamed: true)
    let eventsMax = random.int(1...20)
    var ring = EncodedEvents(format: format, firstOffset: 5)
    var model: [(offset: UInt64, frame: [UInt8], cursorBytes: Int)] = []
    for offset in 5..<(400 as UInt64) {
      let event = Event(
        channel: channel, position: Position(offset: offset, epoch: epoch),
        type: .agentProgress,
        data: (0..<random.below(900)).map { _ in random.pick([0x78, 0x78, 0x0A, 0x0D]) },
        timeMilliseconds: 0, acceptedAt: MonotonicInstant(nanoseconds: 0))
      var frame: [UInt8] = []
      let cursorBytes = format.appendEvent(event, to: &frame)
      model.append((offset, frame, cursorBytes))
      ring.append(event)
      while model.count > 1, model.count > eventsMax || random.isOne(in: 20) {
        model.removeFirst()
      }
      ring.trim(to: model[0].offset)
      #expect(frame.count <= event.frameBytesMax, "seed \(seed): a frame is over its bound")
      #expect(ring.count == model.count, "seed \(seed) at \(offset)")
      #expect(ring.firstOffset == model[0].offset, "seed \(seed) at \(offset)")
      #expect(ring.retainedBytes == model.reduce(0) { $0 + $1.frame.count }, "seed \(seed)")
      #expect(ring.bytes.count <= 2 * ring.retainedBytes + 8_192, "seed \(seed): it grows")
      let pick = random.pick(model)
      let start = ring.index(of: pick.offset)
      #expect(Array(ring.bytes[start..<(start + pick.frame.count)]) == pick.frame, "seed \(seed)")
      #expect(ring.entry(at: pick.offset).cursorBytes == pick.cursorBytes)
      let byte = start + random.below(pick.frame.count)
      #expect(ring.offset(ofByteAt: byte) == pick.offset, "seed \(seed)")
    }
  }
}

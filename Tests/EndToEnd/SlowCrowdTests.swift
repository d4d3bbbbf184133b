import FanfareActors
import FanfareRuntime
import FanfareServer
import FanfareTestKit
import Testing

/// Followers of every kind at once, fast, slow, filtered, of several channels, coming and going
/// while batches are published: whatever a seed makes of it, every stream adds up.
@Suite(.serialized) struct SlowCrowdTests {
  /// One follower, which comes back with its cursor when its stream has ended.
  private final class Reader {
    let channels: [String]
    let isFiltered: Bool
    let isSlow: Bool
    private let server: ServerUnderTest
    private var stream: TestEventStream
    private(set) var audit: StreamAudit
    private(set) var told = 0
    private(set) var faults: [String] = []

    init(
      _ server: ServerUnderTest, _ channels: [String], isFiltered: Bool, isSlow: Bool,
      start: String
    ) throws {
      self.server = server
      self.channels = channels
      self.isFiltered = isFiltered
      self.isSlow = isSlow
      (stream, audit) = try Self.open(server, channels, isFiltered, isSlow, start)
    }

    private static func open(
      _ server: ServerUnderTest, _ channels: [String], _ isFiltered: Bool, _ isSlow: Bool,
      _ start: String
    ) throws -> (TestEventStream, StreamAudit) {
      let types = isFiltered ? "&types=odd" : ""
      let names = channels.joined(separator: ",")
      let stream = try server.stream(
        "/events?channels=\(names)\(types)\(start)", receiveBufferBytes: isSlow ? 4_096 : nil)
      let audit = StreamAudit(try stream.attached()) { !isFiltered || $0 % 3 == 1 }
      return (stream, audit)
    }

    /// Reads what has arrived. One whose stream is over comes back.
    func read() throws {
      do {
        for block in try stream.arrived() { try audit.read(block) }
        if stream.connection.hasEnded { try comeBack() }
      } catch ClientFailure.reset {
        try comeBack()
      }
    }

    func comeBack() throws {
      faults += audit.faults
      told += audit.missed
      let cursor = stream.cursor.map { "&after=\($0)" } ?? ""
      stream.connection.socket.abort()
      (stream, audit) = try Self.open(server, channels, isFiltered, isSlow, cursor)
    }

    func widen() { stream.connection.socket.widen() }

    func hasAll(_ heads: [String: Int]) -> Bool {
      channels.allSatisfy { audit.places[$0]?.last == heads[$0] ?? 0 }
    }

    /// For a failure's text.
    var state: String { "\(channels) slow \(isSlow) at \(audit.places.mapValues(\.last))" }

    func close() {
      faults += audit.faults
      told += audit.missed
      stream.close()
    }
  }

  private static let channels = ["keep:1", "keep:2", "drop:1", "drop:2", "cut:1", "other"]

  private static func tiny(_ random: inout SeededGenerator) -> (inout Settings) -> Void {
    let history = [1, 7, 20, 90, 400]
    var all: [String: NamespaceSettings] = [:]
    for (name, overflow) in [
      ("keep", Overflow.catchUp), ("drop", .dropOldest), ("cut", .disconnect),
    ] {
      var settings = NamespaceSettings()
      settings.overflow = overflow
      settings.historyEventsMax = random.pick(history)
      all[name] = settings
    }
    let (loops, frames) = (random.int(1...3), random.pick([64 * 1024, 16 * 1024 * 1024]))
    let deadline = Duration.milliseconds(random.pick([100, 10_000]))
    return { [all] settings in
      settings.loops = .exactly(loops)
      settings.namespaces = all
      settings.limits.mailboxEventsMax = 16
      settings.limits.mailboxBytesMax = 256 * 1024
      settings.limits.historyBytesMax = 2 * 1024 * 1024
      settings.limits.memoryHistoryBytesMax = 6 * 1024 * 1024
      settings.limits.stalledFrameBytesMax = frames
      settings.limits.writeDeadline = deadline
      settings.limits.heartbeat = .seconds(1)
    }
  }

  private static func batch(_ random: inout SeededGenerator, _ heads: inout [String: Int])
    -> [String]
  {
    var room = 200_000
    var lines: [String] = []
    for _ in 0..<random.pick([1, 1, 5, 20, 60]) {
      let channel = random.pick(channels)
      let size = random.pick([0, 10, 300, 4_000, 20_000, 65_000])
      guard room > size else { break }
      room -= size
      let head = (heads[channel] ?? 0) + 1
      heads[channel] = head
      let padding = String(repeating: random.isOne(in: 4) ? "\\n" : "xy", count: size / 2)
      let type = head % 3 == 1 ? "odd" : "even"
      lines.append(#"{"channel":"\#(channel)","type":"\#(type)","data":["\#(padding)"]}"#)
    }
    return lines
  }

  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func whateverHappensEveryStreamAddsUp(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    try await ServerUnderTest.run(Self.tiny(&random)) { server in
      var heads: [String: Int] = [:]
      var readers: [Reader] = []
      var gone: [Reader] = []
      let publisher = try server.connect()
      for _ in 0..<100 {
        switch random.below(20) {
        case 0..<4 where readers.count < 16:
          let channels = Self.channels.shuffled(using: &random).prefix(random.pick([1, 1, 2, 6]))
          readers.append(
            try Reader(
              server, Array(channels), isFiltered: random.isOne(in: 4),
              isSlow: random.below(3) > 0,
              start: random.pick(["", "&after=oldest", "&last=5"])))
        case 4 where !readers.isEmpty:
          let reader = readers.remove(at: random.below(readers.count))
          reader.close()
          gone.append(reader)
        case 5 where !readers.isEmpty: try random.pick(readers).comeBack()
        case 6:
          _ = try server.metrics()
          _ = try server.streams()
          _ = try server.ask("GET", "/channels")
        case 7: _ = try server.read("/events?channels=keep:1,cut:1&after=oldest&limit=50")
        case 8..<13: for reader in readers where !reader.isSlow { try reader.read() }
        case 13: if !readers.isEmpty { try random.pick(readers).read() }
        default:
          let lines = Self.batch(&random, &heads)
          let answer = try publisher.publish(lines: lines, "/events")
          #expect(answer.status == 200, "seed \(seed): \(answer.text)")
        }
      }
      let isComplete = try await Deadline(.seconds(60)).holds {
        for reader in readers {
          reader.widen()
          try reader.read()
        }
        return readers.allSatisfy { $0.isFiltered || $0.hasAll(heads) }
      }
      let late = readers.filter { !$0.isFiltered && !$0.hasAll(heads) }
      #expect(isComplete, "seed \(seed): \(late.map(\.state)), not \(heads)")
      for reader in readers { reader.close() }
      let faults = (readers + gone).flatMap(\.faults)
      #expect(faults.isEmpty, "seed \(seed): \(faults.prefix(5))")
      let told = (readers + gone).reduce(0) { $0 + $1.told }
      // What a follower that went was being told may not have been read.
      let dropped = try server.metrics().sum("fanfare_events_dropped_total")
      #expect(dropped >= Double(told), "seed \(seed)")
    }
  }
}

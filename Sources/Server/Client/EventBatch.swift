/// Lines that go to a server in one request.
public struct EventBatch: Sendable {
  /// The lines that a batch holds: what a server takes by default.
  public static let linesMax = 1_000
  /// The bytes that a batch holds, line ends included: what a server takes by default.
  public static let bytesMax = 1024 * 1024

  /// The lines, in order.
  public private(set) var lines: [EventLine] = []
  private var bytes = 0

  /// An empty batch.
  public init() {}

  /// Takes one more line. Returns false, taking nothing, when the batch is full; one line always
  /// finds room.
  public mutating func append(_ line: EventLine) -> Bool {
    let size = line.json.count + 1
    guard lines.isEmpty || lines.count < Self.linesMax && bytes + size <= Self.bytesMax else {
      return false
    }
    lines.append(line)
    bytes += size
    return true
  }

  /// The first so many lines.
  public func prefix(_ count: Int) -> EventBatch { EventBatch(lines.prefix(count)) }

  /// All but the first so many lines.
  public func dropFirst(_ count: Int) -> EventBatch { EventBatch(lines.dropFirst(count)) }

  private init(_ lines: some Sequence<EventLine>) {
    self.lines = Array(lines)
    bytes = self.lines.reduce(0) { $0 + $1.json.count + 1 }
  }

  /// The lines as a body of NDJSON.
  var body: [UInt8] {
    var body: [UInt8] = []
    body.reserveCapacity(bytes)
    for line in lines {
      body += line.json
      body.append(Octets.lineFeed)
    }
    return body
  }
}

import FanfareRuntime

@testable import FanfareActors
@testable import FanfareServer

/// What every client of the crowd is: what it has read, and what must hold.
class CrowdClient: WireClient {
  let name: String
  let model: Model
  var wire = Wire()

  init(name: String, model: Model) {
    self.name = name
    self.model = model
  }

  func start(_ side: any ClientSide, loop: Int, capacity: Int, _ request: String) {
    start(side, loop: loop, capacity: capacity, Array(request.utf8))
  }

  override func received(_ bytes: [UInt8]) {
    wire.add(bytes)
    received()
  }

  func received() {}
}

/// Follows one or several channels over Server-Sent Events.
final class StreamClient: CrowdClient {
  let channels: [String]
  let filter: String?
  private var expected: [Expectation] = []
  private var told: UInt64 = 0
  private let gave: [Position?]
  /// The last cursor that was handed out.
  private(set) var cursor: String?

  init(
    name: String, model: Model, channels: [String], cursor: String?, filter: String?
  ) {
    self.channels = channels
    self.cursor = cursor
    self.filter = filter
    gave = channels.indices.map { index in
      cursor.flatMap { Position($0.split(separator: ",")[index]) }
    }
    super.init(name: name, model: model)
  }

  func request(usesHeader: Bool) -> String {
    var target = "/events?channels=\(channels.joined(separator: ","))&format=event"
    if let filter { target += "&types=\(filter)" }
    if let cursor, !usesHeader { target += "&after=\(cursor)" }
    var head = "GET \(target) HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
    if let cursor, usesHeader { head += "Last-Event-ID: \(cursor)\r\n" }
    return head + "\r\n"
  }

  override func received() {
    guard wire.readHead() else { return }
    if wire.status != 200 { model.violate("\(name): status \(wire.status)") }
    while let block = wire.block() { receive(block) }
  }

  private func receive(_ block: [(name: String, value: [UInt8])]) {
    let fields = Dictionary(block.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + [10] + $1 })
    let event = fields["event"].map { String(decoding: $0, as: UTF8.self) }
    if let id = fields["id"] { cursor = String(decoding: id, as: UTF8.self) }
    model.note("\(name) \(event ?? "-") \(cursor ?? "-")")
    guard let data = fields["data"], let object = Object(data) else {
      if fields["id"] != nil { checkCursor() }
      return
    }
    switch event {
    case "fanfare.attached": attached(object)
    case "fanfare.gap": gap(object)
    case "fanfare.bye": break
    default: self.event(object)
    }
  }

  private func attached(_ object: Object) {
    for (index, bytes) in object.elements("channels").enumerated() {
      guard let verdict = Object(bytes), let channel = verdict.string("channel"),
        let position = verdict.position("position"), let word = verdict.string("verdict")
      else { return model.violate("\(name): a verdict cannot be read") }
      if channel != channels[index] { model.violate("\(name): verdicts out of order") }
      var expectation = Expectation(channel: channel)
      expectation.judged(
        word, position: position, from: verdict.position("from"), to: verdict.position("to"),
        gave: gave[index], model, name)
      expected.append(expectation)
    }
    if expected.count != channels.count { model.violate("\(name): verdicts missing") }
  }

  private func event(_ object: Object) {
    guard let channel = object.string("channel"), let index = channels.firstIndex(of: channel),
      expected.count == channels.count, let position = object.position("position"),
      let number = object.object("data")?.int("n"), let type = object.string("type")
    else { return model.violate("\(name): an event cannot be read, or came too early") }
    if let filter, type != filter { model.violate("\(name): \(type) passed \(filter)") }
    if filter != nil {
      // Offsets that its filter hides are not missing; that none is repeated still holds.
      if position.offset < expected[index].next ?? .max {
        model.violate("\(name): \(channel) \(position) came again")
      }
      expected[index].next = position.offset
    }
    expected[index].event(number, at: position, model, name)
    checkCursor()
  }

  private func gap(_ object: Object) {
    guard let channel = object.string("channel"), let index = channels.firstIndex(of: channel),
      let from = object.position("from"), let to = object.position("to"),
      let missed = object.int("missed"), expected.count == channels.count
    else { return model.violate("\(name): a gap cannot be read") }
    if filter != nil {
      if from.offset < expected[index].next ?? 0 {
        model.violate("\(name): told missing from \(from), expected \(expected[index])")
      }
      expected[index].next = from.offset
    }
    expected[index].gap(from: from, to: to, missed: missed, model, name)
    told += UInt64(missed)
    model.toldAlive += UInt64(missed)
  }

  /// The cursor handed out says exactly what has been given.
  private func checkCursor() {
    guard let cursor, expected.count == channels.count else { return }
    let positions = cursor.split(separator: ",").map { Position($0) }
    guard positions.count == channels.count else {
      return model.violate("\(name): cursor \(cursor)")
    }
    for (position, expectation) in zip(positions, expected) where filter == nil {
      if position?.offset != expectation.next.map({ $0 - 1 }) {
        model.violate("\(name): cursor \(cursor), expected \(expectation)")
      }
    }
    if filter != nil {
      for (index, position) in positions.enumerated() {
        guard let position else { continue }
        if position.offset + 1 < expected[index].next ?? 0 {
          model.violate("\(name): cursor \(cursor) goes back, expected \(expected[index])")
        }
        expected[index].next = position.offset + 1
      }
    }
  }

  override func ended() {
    model.toldAlive -= told
    model.toldEnded += told
  }

  /// Whether it has been given everything there is.
  var hasAll: Bool {
    expected.count == channels.count
      && expected.allSatisfy { $0.next == model.head($0.channel) + 1 }
  }
}

/// Asks for events by long poll, from one cursor to the next, on one connection.
final class PollClient: CrowdClient {
  let channels: [String]
  private(set) var cursor: String?
  private(set) var isAsking = false
  private var gave: [Position?] = []

  init(name: String, model: Model, channels: [String], cursor: String?) {
    self.channels = channels
    self.cursor = cursor
    super.init(name: name, model: model)
  }

  func ask(wait: Int, limit: Int) {
    guard !isAsking else { return }
    isAsking = true
    gave = channels.indices.map { index in
      cursor.flatMap { Position($0.split(separator: ",")[index]) }
    }
    var target = "/events?channels=\(channels.joined(separator: ","))&limit=\(limit)"
    if wait > 0 { target += "&wait=\(wait)" }
    if let cursor { target += "&after=\(cursor)" }
    send(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
  }

  override func received() {
    while let (status, body) = wire.response() {
      isAsking = false
      guard status == 200, let object = Object(body) else {
        model.violate("\(name): status \(status)")
        continue
      }
      answer(object)
    }
  }

  private func answer(_ object: Object) {
    var expected: [Expectation] = []
    for (index, bytes) in object.elements("channels").enumerated() {
      guard let verdict = Object(bytes), let position = verdict.position("position"),
        let word = verdict.string("verdict"), index < channels.count
      else { return model.violate("\(name): a verdict cannot be read") }
      var expectation = Expectation(channel: channels[index])
      expectation.judged(
        word, position: position, from: verdict.position("from"), to: verdict.position("to"),
        gave: gave[index], model, name)
      expected.append(expectation)
    }
    guard expected.count == channels.count else {
      return model.violate("\(name): verdicts missing")
    }
    for bytes in object.elements("events") {
      guard let event = Object(bytes), let channel = event.string("channel"),
        let index = channels.firstIndex(of: channel), let position = event.position("position"),
        let number = event.object("data")?.int("n")
      else { return model.violate("\(name): an event cannot be read") }
      expected[index].event(number, at: position, model, name)
    }
    cursor = object.string("cursor")
    model.note("\(name) \(cursor ?? "-")")
    let positions = (cursor ?? "").split(separator: ",").map { Position($0) }
    for (position, expectation) in zip(positions, expected) {
      if position?.offset != expectation.next.map({ $0 - 1 }) {
        model.violate("\(name): cursor \(cursor ?? "-"), expected \(expectation)")
      }
    }
  }

  var hasAll: Bool {
    let positions = (cursor ?? "").split(separator: ",").map { Position($0) }
    return !isAsking && positions.count == channels.count
      && zip(positions, channels).allSatisfy { $0?.offset == model.head($1) }
  }
}

/// Publishes over one connection, several requests deep.
final class PublisherClient: CrowdClient {
  private var inFlight: [(channels: [String], numbers: [Int])] = []

  var isIdle: Bool { inFlight.isEmpty }

  func publish(_ events: [(channel: String, number: Int, type: String, padding: Int)]) {
    inFlight.append((events.map(\.channel), events.map(\.number)))
    let body = events.map { event in
      let padding = String(repeating: "x", count: event.padding)
      // Every line end within the data becomes a line of its own on a stream.
      let lines = String(repeating: "\r", count: event.number % 5 == 0 ? event.padding / 4 : 0)
      return #"{"channel":"\#(event.channel)","type":"\#(event.type)","#
        + #""data":{"n":\#(event.number),\#(lines)"p":"\#(padding)"}}"#
    }.joined(separator: "\n")
    send(
      Array(
        ("POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
  }

  override func received() {
    while let (status, body) = wire.response() {
      guard !inFlight.isEmpty else { return model.violate("\(name): an answer too many") }
      let asked = inFlight.removeFirst()
      guard status == 200, let object = Object(body) else {
        model.violate("\(name): status \(status) \(String(decoding: body, as: UTF8.self))")
        continue
      }
      let positions = object.elements("positions").map { bytes in
        Position(String(decoding: bytes.dropFirst().dropLast(), as: UTF8.self))
      }
      if positions.count != asked.numbers.count {
        model.violate("\(name): \(positions.count) positions for \(asked.numbers.count)")
      }
      var last: [String: UInt64] = [:]
      for (index, position) in positions.enumerated() {
        guard let position else { return model.violate("\(name): a position cannot be read") }
        let channel = asked.channels[index]
        if position.offset <= last[channel] ?? 0 { model.violate("\(name): out of order") }
        last[channel] = position.offset
        model.place(asked.numbers[index], in: channel, at: position, by: name)
        model.note("\(name) \(position)")
      }
    }
  }
}

import FanfareRuntime
import FanfareTestKit

@testable import FanfareActors

/// Follows over WebSocket: channels named by the request, and others that come and go by message;
/// publishes there, too.
final class SocketClient: CrowdClient {
  /// Where a channel stands between the client's wish and its end.
  private enum Place {
    case asked(id: Int?, gave: Position?)
    case followed(Expectation)
  }

  private let channels: [String]
  private let gave: [Position?]
  private let first: String?
  private let isCompressed: Bool
  private var places: [String: Place] = [:]
  private var filters: [String: String] = [:]
  /// The last position handed out, by channel.
  private var positions: [String: Position] = [:]
  /// What is not answered yet, by id.
  private var leaving: [Int: String] = [:]
  private var publishes: [(id: Int, channel: String, number: Int)] = []
  private var published: [String: UInt64] = [:]
  private var pings: Set<Int> = []
  private var ids = 0
  private var told: UInt64 = 0
  private var isClosing = false
  private var isSynchronizing = false

  init(
    name: String, model: Model, channels: [String], cursor: String?, filter: String?,
    isCompressed: Bool
  ) {
    self.channels = channels
    self.isCompressed = isCompressed
    first = cursor
    gave = channels.indices.map { index in
      cursor.flatMap { Position($0.split(separator: ",")[index]) }
    }
    for (channel, position) in zip(channels, gave) {
      places[channel] = .asked(id: nil, gave: position)
      positions[channel] = position
      filters[channel] = filter
    }
    super.init(name: name, model: model)
  }

  func request() -> String {
    var target = "/ws"
    if !channels.isEmpty {
      target += "?channels=\(channels.joined(separator: ","))"
      if let first { target += "&after=\(first)" }
      if let filter = filters[channels[0]] { target += "&types=\(filter)" }
    }
    let lines = ["GET \(target) HTTP/1.1", "Host: localhost"] + TestWebSocket.handshake
    let offer = isCompressed ? ["Sec-WebSocket-Extensions: permessage-deflate"] : []
    return (lines + offer).map { $0 + "\r\n" }.joined() + "\r\n"
  }

  /// What a later follower resumes with: the channels whose position it has been told.
  var cursor: (channels: [String], cursor: String)? {
    let known = positions.keys.sorted()
    guard !known.isEmpty else { return nil }
    return (known, known.compactMap { positions[$0]?.description }.joined(separator: ","))
  }

  // MARK: Out

  private func say(_ text: String) {
    guard !isClosing else { return }
    send(SocketFrame.bytes(SocketFrame.text, Array(text.utf8)))
  }

  private func nextID() -> Int {
    ids += 1
    return ids
  }

  func subscribe(_ channel: String, filter: String?) {
    guard places[channel] == nil, !isClosing else { return }
    let id = nextID()
    let after = positions[channel]
    places[channel] = .asked(id: id, gave: after)
    filters[channel] = filter
    var text = #"{"op":"subscribe","id":\#(id),"channel":"\#(channel)""#
    if let after { text += #","after":"\#(after)""# }
    if let filter { text += #","types":["\#(filter)"]"# }
    say(text + "}")
  }

  func unsubscribe(_ channel: String) {
    guard places[channel] != nil, !leaving.values.contains(channel), !isClosing else { return }
    let id = nextID()
    leaving[id] = channel
    say(#"{"op":"unsubscribe","id":\#(id),"channel":"\#(channel)"}"#)
  }

  func publish(_ event: (channel: String, number: Int, type: String, padding: Int)) {
    guard !isClosing else { return }
    let id = nextID()
    publishes.append((id, event.channel, event.number))
    let padding = String(repeating: "x", count: event.padding)
    say(
      #"{"op":"publish","id":\#(id),"channel":"\#(event.channel)","type":"\#(event.type)","#
        + #""data":{"n":\#(event.number),"p":"\#(padding)"}}"#)
  }

  func ping() {
    let id = nextID()
    pings.insert(id)
    say(#"{"op":"ping","id":\#(id)}"#)
  }

  /// Says goodbye as the protocol wants it; its end comes from the server.
  func close() {
    guard !isClosing else { return }
    send(SocketFrame.bytes(SocketFrame.close, SocketFrame.closePayload(1_000)))
    isClosing = true
  }

  /// Makes sure, once, that both sides know of each other's end.
  func synchronize() {
    guard !isSynchronizing else { return }
    isSynchronizing = true
    ping()
  }

  // MARK: In

  override func received() {
    guard wire.readHead() else { return }
    if wire.status != 101 { model.violate("\(name): status \(wire.status)") }
    do {
      while !isOver, let frame = try wire.frame() { try receive(frame) }
    } catch {
      model.violate("\(name): \(error)")
    }
  }

  private func receive(_ frame: SocketFrame) throws {
    switch frame.opcode {
    case SocketFrame.ping:
      if !isClosing { send(SocketFrame.bytes(SocketFrame.pong, frame.payload)) }
    case SocketFrame.close:
      let code = frame.payload.count < 2 ? 0 : Int(frame.payload[0]) << 8 | Int(frame.payload[1])
      // Silent, stalled, overflow: what a crowd like this must expect.
      if ![1_000, 1_008, 1_013].contains(code) { model.violate("\(name): closed with \(code)") }
      close()
    case SocketFrame.text:
      var payload = frame.payload
      if frame.reserved == 0x40, isCompressed {
        payload = try InflateModel.inflate(payload + [0, 0, 0xFF, 0xFF])
      } else if frame.reserved != 0 {
        model.violate("\(name): reserved bits")
      }
      guard let object = Object(payload), let op = object.string("op") else {
        return model.violate("\(name): a message cannot be read")
      }
      model.note("\(name) \(op) \(object.string("position") ?? "-")")
      message(op, object)
    default: model.violate("\(name): opcode \(frame.opcode)")
    }
  }

  private func message(_ op: String, _ object: Object) {
    switch op {
    case "attached":
      for bytes in object.elements("channels") {
        guard let verdict = Object(bytes) else { return model.violate("\(name): no verdict") }
        judged(verdict, id: nil)
      }
      for (channel, place) in places {
        if case .asked(id: nil, _) = place, !leaving.values.contains(channel) {
          model.violate("\(name): no verdict of \(channel)")
        }
      }
    case "subscribed": judged(object, id: object.int("id"))
    case "event": event(object)
    case "gap": gap(object)
    case "position": moved(object)
    case "unsubscribed": unsubscribed(object)
    case "published": published(object)
    case "pong":
      if pings.remove(object.int("id") ?? 0) == nil { model.violate("\(name): a pong too many") }
    case "error": refused(object)
    case "bye": break
    default: model.violate("\(name): \(op)")
    }
  }

  private func judged(_ verdict: Object, id: Int?) {
    guard let channel = verdict.string("channel"), let position = verdict.position("position"),
      let word = verdict.string("verdict"), case .asked(let asked, let gave) = places[channel],
      asked == id
    else { return model.violate("\(name): a verdict that nobody asked for") }
    var expectation = Expectation(channel: channel)
    expectation.judged(
      word, position: position, from: verdict.position("from"), to: verdict.position("to"),
      gave: gave, model, name)
    places[channel] = .followed(expectation)
    positions[channel] = position
  }

  private func followed(_ object: Object) -> Expectation? {
    guard let channel = object.string("channel"), case .followed(let place) = places[channel]
    else {
      model.violate("\(name): \(object.string("op") ?? "") of a channel that is not followed")
      return nil
    }
    return place
  }

  private func event(_ object: Object) {
    guard var expectation = followed(object), let position = object.position("position"),
      let number = object.object("data")?.int("n"), let type = object.string("type")
    else { return model.violate("\(name): an event cannot be read") }
    let channel = expectation.channel
    if let filter = filters[channel] {
      if type != filter { model.violate("\(name): \(type) passed \(filter)") }
      // Offsets that its filter hides are not missing; that none is repeated still holds.
      if position.offset < expectation.next ?? .max {
        model.violate("\(name): \(channel) \(position) came again")
      }
      expectation.next = position.offset
    }
    expectation.event(number, at: position, model, name)
    model.eventsOnSockets += 1
    places[channel] = .followed(expectation)
    positions[channel] = position
  }

  private func gap(_ object: Object) {
    guard var expectation = followed(object), let from = object.position("from"),
      let to = object.position("to"), let missed = object.int("missed"),
      object.position("position") == to
    else { return model.violate("\(name): a gap cannot be read") }
    if filters[expectation.channel] != nil { expectation.next = from.offset }
    expectation.gap(from: from, to: to, missed: missed, model, name)
    places[expectation.channel] = .followed(expectation)
    positions[expectation.channel] = to
    told += UInt64(missed)
    model.toldAlive += UInt64(missed)
  }

  private func moved(_ object: Object) {
    guard var expectation = followed(object), let position = object.position("position"),
      let next = expectation.next, filters[expectation.channel] != nil, position.offset + 1 >= next
    else { return model.violate("\(name): a position without a reason") }
    expectation.next = position.offset + 1
    places[expectation.channel] = .followed(expectation)
    positions[expectation.channel] = position
  }

  private func unsubscribed(_ object: Object) {
    guard let id = object.int("id"), let channel = leaving.removeValue(forKey: id),
      object.string("channel") == channel, let place = places.removeValue(forKey: channel)
    else { return model.violate("\(name): unsubscribed without a reason") }
    guard case .followed(let expectation) = place else {
      if object.position("position") != nil { model.violate("\(name): a position of nothing") }
      return
    }
    guard let position = object.position("position"), let next = expectation.next,
      filters[channel] != nil ? position.offset + 1 >= next : position.offset + 1 == next
    else { return model.violate("\(name): unsubscribed elsewhere than \(expectation)") }
    positions[channel] = position
  }

  private func published(_ object: Object) {
    guard let id = object.int("id"), let position = object.position("position"),
      !publishes.isEmpty, publishes[0].id == id
    else { return model.violate("\(name): published without a reason, or out of order") }
    let (_, channel, number) = publishes.removeFirst()
    if position.offset <= published[channel] ?? 0 { model.violate("\(name): out of order") }
    published[channel] = position.offset
    model.place(number, in: channel, at: position, by: name)
  }

  /// Only a subscribe that was withdrawn before it was judged is refused here.
  private func refused(_ object: Object) {
    let id = object.int("id")
    let isWithdrawn = leaving.values.contains { channel in
      if case .asked(let asked, _) = places[channel] { return asked == id }
      return false
    }
    if object.int("status") != 409 || !isWithdrawn {
      model.violate("\(name): refused, \(object.string("detail") ?? "")")
    }
  }

  override func ended() {
    model.toldAlive -= told
    model.toldEnded += told
  }

  /// Whether it has been given everything there is, and all its answers.
  var hasAll: Bool {
    isSynchronizing && !isClosing && pings.isEmpty && publishes.isEmpty && leaving.isEmpty
      && places.allSatisfy { channel, place in
        guard case .followed(let expectation) = place else { return false }
        return filters[channel] != nil || expectation.next == model.head(channel) + 1
      }
  }

  /// For a failure's text.
  var unfinished: String {
    "\(name) \(places.sorted { $0.key < $1.key }) publishes \(publishes.count) pings \(pings) "
      + "leaving \(leaving.count) closing \(isClosing)"
  }
}

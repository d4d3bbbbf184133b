import FanfareActors
import FanfareRuntime

/// What a client asks for in one message (CONTRACT section 4).
enum WebSocketOperation: Sendable {
  case subscribe(Follow, TypeFilter?)
  case unsubscribe(ChannelName)
  case publish(ChannelName, Draft, key: String?)
  case ping
}

extension WebSocketOperation {
  /// The longest `id`, in bytes of its JSON.
  static let idBytesMax = 128

  /// Reads a message.
  ///
  /// - Returns: the client's id as it stood there, empty where there is none or the message cannot
  ///   be read; and the operation, or why there is none.
  static func read(
    _ text: [UInt8], _ limits: Limits
  ) -> (id: [UInt8], Result<WebSocketOperation, Problem>) {
    let bytes = text.span
    let members: [JSONMember]
    do {
      members = try JSONObjectReader.members(of: bytes, in: 0..<text.count)
    } catch {
      return ([], .failure(Problem(400, "bad-json", error.description)))
    }
    var message = Message(bytes: text, limits: limits)
    for member in members { message.members[member.key] = member }
    let id = message.id
    return (id ?? [], Result { () throws(Problem) in try message.operation(hasID: id != nil) })
  }

  /// A message whose members are found.
  private struct Message {
    let bytes: [UInt8]
    let limits: Limits
    var members: [String: JSONMember] = [:]

    /// The id; `nil` where there is one that cannot be given back.
    var id: [UInt8]? {
      guard let member = members["id"] else { return [] }
      guard member.kind == .number || member.kind == .string,
        member.value.count <= WebSocketOperation.idBytesMax
      else { return nil }
      return Array(bytes[member.value])
    }

    func operation(hasID: Bool) throws(Problem) -> WebSocketOperation {
      guard hasID else {
        throw .badOperation(
          "Give id as a number or a string of at most \(WebSocketOperation.idBytesMax) bytes.")
      }
      switch try text("op") {
      case "subscribe":
        try expect(["channel", "after", "last", "types"])
        let channel = try channel()
        return .subscribe(
          Follow(channel: channel, start: try start(channel)), try filter())
      case "unsubscribe":
        try expect(["channel"])
        return .unsubscribe(try channel())
      case "publish":
        try expect(["channel", "type", "data", "key"])
        return try publish()
      case "ping":
        try expect([])
        return .ping
      default:
        throw .badOperation("Give op as subscribe, unsubscribe, publish or ping.")
      }
    }

    /// A misspelt member must not vanish.
    private func expect(_ names: [String]) throws(Problem) {
      for key in members.keys.sorted() where key != "op" && key != "id" && !names.contains(key) {
        throw .badOperation("Remove the member \(key.prefix(64)).")
      }
    }

    private func text(_ key: String) throws(Problem) -> String? {
      guard let member = members[key] else { return nil }
      guard member.kind == .string else { throw .badOperation("Give \(key) as a string.") }
      return JSONString.decode(bytes.span, member.value)
    }

    private func channel() throws(Problem) -> ChannelName {
      guard let text = try text("channel"), let channel = ChannelName(text) else {
        throw Problem(422, "bad-channel", "Mend channel: \(ChannelName.rule).")
      }
      return channel
    }

    private func start(_ channel: ChannelName) throws(Problem) -> StartPoint {
      if let member = members["last"] {
        guard members["after"] == nil, member.kind == .number,
          let last = JSONNumber.int(bytes.span, member.value), (0...1_000_000).contains(last)
        else { throw .badOperation("Give last as a number from 0 to 1000000, and no after.") }
        return .last(last)
      }
      guard let after = try text("after") else { return .live }
      if after == "oldest" { return .oldest }
      guard let cursor = Cursor(after, for: [channel]) else {
        throw Problem(
          400, "bad-cursor",
          "Give after as oldest, or as a position that this server handed out for this channel.")
      }
      return cursor.positions[0].map { .after($0) } ?? .live
    }

    private func filter() throws(Problem) -> TypeFilter? {
      guard let member = members["types"] else { return nil }
      var patterns: [String] = []
      if member.kind == .array {
        guard let read = JSONArrayReader.strings(of: bytes.span, in: member.value) else {
          throw .badOperation("Give types as an array of strings.")
        }
        patterns = read
      } else {
        patterns = try text("types")?.split(separator: ",").map(String.init) ?? []
      }
      guard let filter = TypeFilter(patterns: patterns) else {
        throw .badOperation("Mend types: \(TypeFilter.rule).")
      }
      return filter
    }

    private func publish() throws(Problem) -> WebSocketOperation {
      let channel = try channel()
      guard !ChannelName.reservedNamespaces.contains(String(channel.namespace)) else {
        throw .reserved(channel)
      }
      guard let type = try text("type").flatMap({ EventType($0) }) else {
        throw Problem(422, "bad-event", "Mend type: \(EventType.rule).")
      }
      guard let data = members["data"]?.value else {
        throw Problem(422, "bad-event", "Give the event data.")
      }
      guard data.count <= limits.eventDataBytesMax else { throw .eventTooLarge(limits) }
      let key = try text("key")
      guard key.map({ (1...limits.idempotencyKeyBytesMax).contains($0.utf8.count) }) ?? true else {
        throw Problem(
          400, "bad-key", "Give key as 1 to \(limits.idempotencyKeyBytesMax) bytes.")
      }
      return .publish(channel, Draft(type: type, data: Array(bytes[data])), key: key)
    }
  }
}

extension Problem {
  static func badOperation(_ detail: String) -> Problem { Problem(400, "bad-operation", detail) }
}

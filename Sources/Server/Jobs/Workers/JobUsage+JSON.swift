import FanfareActors
import FanfareRuntime

/// What workers say that an attempt has used up: the same for all kinds of workers.
extension JobUsage {
  /// The bytes of all of it, what nobody here understands included.
  static let bytesMax = 4_096
  private static let numberMax = 1_000_000_000_000

  /// Why it is none. For people.
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads one JSON object; members besides the three that are understood are kept.
  init(_ json: [UInt8]) throws(Fault) {
    guard json.count <= Self.bytesMax else {
      throw Fault(description: "Give at most \(Self.bytesMax) bytes.")
    }
    let members: [JSONMember]
    do {
      members = try JSONObjectReader.members(of: json.span, in: 0..<json.count)
    } catch {
      throw Fault(description: error.description)
    }
    self.init(tokens: nil, cost: nil, duration: nil, json: json)
    for member in members where ["tokens", "cost", "duration"].contains(member.key) {
      guard member.kind == .number, let value = JSONNumber.double(json.span, member.value),
        (0...Double(Self.numberMax)).contains(value)
      else {
        throw Fault(
          description: "Give \(member.key) as a number from 0 to \(Self.numberMax).")
      }
      switch member.key {
      case "tokens": tokens = Int(value.rounded(.up))
      case "cost": cost = value
      default: duration = value
      }
    }
  }

  /// A usage of these numbers. What is not finite counts as none, what is out of bounds as the
  /// nearest that is not.
  init(tokens: Int?, cost: Double?, duration: Double?) {
    func bounded(_ value: Double?) -> Double? {
      value.flatMap { $0.isFinite ? min(max(0, $0), Double(Self.numberMax)) : nil }
    }
    let tokens = tokens.map { min(max(0, $0), Self.numberMax) }
    let cost = bounded(cost)
    let duration = bounded(duration)
    var writer = JSONWriter()
    writer.beginObject()
    if let tokens { writer.member("tokens", tokens) }
    for (key, value) in [("cost", cost), ("duration", duration)] {
      guard let value else { continue }
      writer.key(key)
      writer.number(value)
    }
    writer.endObject()
    self.init(tokens: tokens, cost: cost, duration: duration, json: writer.bytes)
  }
}

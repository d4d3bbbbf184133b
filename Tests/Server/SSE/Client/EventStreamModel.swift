@testable import FanfareServer

/// The event stream as the standard tells it, over a whole stream at once.
enum EventStreamModel {
  static func items(_ stream: [UInt8], lastEventID: String = "") -> [EventStreamItem] {
    var items: [EventStreamItem] = []
    var lastEventID = lastEventID
    var data: [[UInt8]] = []
    var type = ""
    var id: String?
    for line in lines(stream) {
      if line.isEmpty {
        lastEventID = id ?? lastEventID
        if !data.isEmpty {
          let joined = Array(data.joined(separator: [0x0A]))
          let name = type.isEmpty ? "message" : type
          items.append(.event(type: name, data: joined, lastEventID: lastEventID))
        } else if let id {
          items.append(.cursor(id))
        }
        (data, type, id) = ([], "", nil)
        continue
      }
      let parts = line.split(
        separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      var value = parts.count > 1 ? Array(parts[1]) : []
      if parts[0].isEmpty {
        items.append(.comment(value))
        continue
      }
      if value.first == 0x20 { value.removeFirst() }
      let text = String(decoding: value, as: UTF8.self)
      switch Array(parts[0]) {
      case Array("data".utf8): data.append(value)
      case Array("event".utf8): type = text
      case Array("id".utf8): id = value.contains(0) ? id : text
      case Array("retry".utf8):
        let isNumber = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
        if isNumber {
          let milliseconds = Int(text) ?? .max
          items.append(.retry(milliseconds: min(milliseconds, 2_147_483_647)))
        }
      default: continue
      }
    }
    return items
  }

  /// The lines that have an end.
  private static func lines(_ stream: [UInt8]) -> [[UInt8]] {
    var rest = stream[...]
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    var lines: [[UInt8]] = []
    while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) {
      lines.append(Array(rest[..<end]))
      let isPair = rest[end...].starts(with: [0x0D, 0x0A])
      rest = rest[(end + (isPair ? 2 : 1))...]
    }
    return lines
  }
}

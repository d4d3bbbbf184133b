import FoundationEssentials

/// What stands between two blank lines of an event stream.
package struct SSEBlock: Sendable, Equatable {
  package var id: String?
  package var event: String?
  /// The `data:` lines joined by LF; `nil` where there are none.
  package var data: String?
  package var retry: Int?
  package var comments: [String] = []

  /// A block that only moves the cursor.
  package var isCursor: Bool {
    id != nil && event == nil && data == nil && retry == nil && comments.isEmpty
  }

  package var isComment: Bool {
    !comments.isEmpty && id == nil && event == nil && data == nil && retry == nil
  }

  /// A block that an `EventSource` dispatches and that is not the server's own.
  package var isEvent: Bool { data != nil && event?.hasPrefix("fanfare.") != true }

  package func json<Body: Decodable>(_ type: Body.Type = Body.self) throws -> Body {
    do {
      return try JSONDecoder().decode(type, from: Data((data ?? "").utf8))
    } catch {
      throw ClientFailure.malformed("\(data ?? "no data"): \(error)")
    }
  }

  /// Reads the lines of a block as WHATWG HTML section 9.2.6 says, and is strict beyond it: what
  /// the server has no reason to send is a fault.
  package init(lines: [String]) throws {
    for line in lines {
      if line.hasPrefix(":") {
        comments.append(String(line.dropFirst()))
        continue
      }
      guard let colon = line.firstIndex(of: ":") else {
        throw ClientFailure.malformed("line \(line)")
      }
      let name = line[..<colon]
      var value = line[line.index(after: colon)...]
      if value.first == " " { value = value.dropFirst() }
      switch name {
      case "id": id = try Self.only(id, String(value), "id")
      case "event": event = try Self.only(event, String(value), "event")
      case "data": data = data.map { $0 + "\n" + value } ?? String(value)
      case "retry":
        guard value.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let retry = Int(value) else {
          throw ClientFailure.malformed("retry \(value)")
        }
        self.retry = retry
      default: throw ClientFailure.malformed("field \(line)")
      }
    }
  }

  private static func only(_ before: String?, _ value: String, _ name: String) throws -> String {
    guard before == nil else { throw ClientFailure.malformed("\(name) twice in one block") }
    return value
  }
}

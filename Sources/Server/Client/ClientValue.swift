/// A value in the body of a request that a client makes.
package enum ClientValue: Sendable {
  case text(String)
  case texts([String])
  case number(Int)
  case seconds(Double)
  /// One JSON value, carried byte for byte.
  case json([UInt8])
  case object([(name: String, value: ClientValue)])

  /// The value as JSON.
  ///
  /// - Throws: ``ClientError/badData(_:)`` where ``json(_:)`` is not one value: it must not reach
  ///   out of its place.
  func append(to writer: inout JSONWriter) throws(ClientError) {
    switch self {
    case .text(let text): writer.string(text)
    case .texts(let texts):
      writer.beginArray()
      for text in texts { writer.string(text) }
      writer.endArray()
    case .number(let number): writer.int(number)
    case .seconds(let seconds):
      guard let whole = Int(exactly: seconds) else {
        writer.raw(Array("\(seconds)".utf8))
        return
      }
      writer.int(whole)
    case .json(let json):
      let range: Range<Int>
      do {
        range = try JSONScanner.value(in: json.span, range: 0..<json.count)
      } catch {
        throw .badData(error.description)
      }
      writer.raw(json[range])
    case .object(let members):
      writer.beginObject()
      for (name, value) in members {
        writer.key(name)
        try value.append(to: &writer)
      }
      writer.endObject()
    }
  }
}

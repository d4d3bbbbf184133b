import FoundationEssentials

/// Any JSON value, for tests that look into one.
package enum JSONTree: Decodable, Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([JSONTree])
  case object([String: JSONTree])

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONTree].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONTree].self))
    }
  }

  package init(_ text: String) throws {
    do {
      self = try JSONDecoder().decode(JSONTree.self, from: Data(text.utf8))
    } catch {
      throw ClientFailure.malformed("\(text.prefix(500)): \(error)")
    }
  }

  /// A member of an object; `nil` where there is none.
  package subscript(name: String) -> JSONTree? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  /// An element of an array; `nil` where there is none.
  package subscript(index: Int) -> JSONTree? {
    if case .list(let elements) = self, elements.indices.contains(index) {
      elements[index]
    } else {
      nil
    }
  }

  package var text: String? { if case .text(let text) = self { text } else { nil } }
  package var number: Double? { if case .number(let number) = self { number } else { nil } }
  package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
  package var list: [JSONTree] { if case .list(let list) = self { list } else { [] } }
  package var keys: Set<String> {
    if case .object(let members) = self { Set(members.keys) } else { [] }
  }
}

extension HTTPAnswer {
  /// The body as JSON.
  package var tree: JSONTree { get throws { try JSONTree(text) } }
}

/// A node that is alive, as it described itself.
package struct NodeRecord: Sendable, Equatable {
  package let id: String
  /// JSON text; not checked.
  package let description: [UInt8]

  package init(id: String, description: [UInt8]) {
    self.id = id
    self.description = description
  }
}

/// The functions that nodes load into Redis. The binary carries them.
package enum FunctionLibrary {
  /// What `fanfare_version` answers. A node loads its own library where that is lower; it grows
  /// with every change that a node relies on.
  package static let version: Int64 = 2

  /// The library's text: its parts, one behind the other.
  package static var text: [UInt8] {
    PackageResources.names_lua + PackageResources.log_lua + PackageResources.publish_lua
      + PackageResources.nodes_lua
  }
}

/// The namespaces of a node: those of the configuration, and one for all others. Metrics carry only
/// these names, so that clients cannot make labels without bound.
public struct Namespaces: Sendable {
  /// The label of every namespace that the configuration does not name.
  public static let otherName = "other"

  /// The labels, by index; index 0 is ``otherName``.
  public let names: [String]
  private let settings: [NamespaceSettings]
  private let indices: [String: Int]

  /// The namespaces `configured`, and `defaults` for all others.
  public init(
    configured: [String: NamespaceSettings] = [:], defaults: NamespaceSettings = .init()
  ) {
    let sorted = configured.sorted { $0.key < $1.key }
    names = [Self.otherName] + sorted.map(\.key)
    settings = [defaults] + sorted.map(\.value)
    var indices: [String: Int] = [:]
    for (index, name) in names.enumerated().dropFirst() { indices[name] = index }
    self.indices = indices
  }

  /// The index of the namespace of `channel`.
  public func index(of channel: ChannelName) -> Int {
    indices.count == 0 ? 0 : indices[String(channel.namespace)] ?? 0
  }

  /// The settings at `index`.
  public subscript(index: Int) -> NamespaceSettings { settings[index] }

  /// The settings of `channel`.
  public func settings(of channel: ChannelName) -> NamespaceSettings {
    settings[index(of: channel)]
  }
}

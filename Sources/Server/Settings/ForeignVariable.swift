/// Environment variables that have our prefix but are not meant for the server.
enum ForeignVariable {
  /// Those of the command line client.
  static let ofClient = ["FANFARE_URL", "FANFARE_TOKEN", "FANFARE_CONFIG"]

  /// Whether the variable is one of the command line client's, or one that an orchestrator sets for
  /// a service whose name begins with `fanfare`: `FANFARE_SERVICE_HOST`, `FANFARE_PORT=tcp://…`,
  /// `FANFARE_PORT_8080_TCP_ADDR`. Nobody wrote those, so they must not stop the start.
  static func matches(_ variable: String, _ value: String) -> Bool {
    if ofClient.contains(variable) { return true }
    if variable.hasSuffix("_SERVICE_HOST") || variable.hasSuffix("_SERVICE_PORT")
      || variable.contains("_SERVICE_PORT_")
    {
      return true
    }
    if variable.hasSuffix("_PORT"), protocols.contains(where: { isURL(value, $0) }) { return true }
    var words = variable.split(separator: "_", omittingEmptySubsequences: false)
    if let last = words.last, ["ADDR", "PORT", "PROTO"].contains(last) { words.removeLast() }
    let link = words.suffix(3)
    guard link.count == 3, let name = link.last, protocols.contains(String(name)) else {
      return false
    }
    let port = DecimalDigits.value(of: link[link.startIndex + 1], max: 65_535)
    return link.first == "PORT" && port != nil
  }

  private static let protocols = ["TCP", "UDP", "SCTP"]

  private static func isURL(_ value: String, _ name: String) -> Bool {
    value.hasPrefix(name.lowercased() + "://")
  }
}

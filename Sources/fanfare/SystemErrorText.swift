import FanfareRuntime

/// What the system says of an error number.
enum SystemErrorText {
  static func of(_ code: Int32) -> String {
    let line = RuntimeError(operation: "", code: -code).description
    return String(line.drop { $0 == ":" || $0 == " " })
  }
}

import CLibuv

/// A call of the operating system that failed.
public struct RuntimeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was tried, with the name of the thing it was tried on.
  public let operation: String
  /// The system's error number, negative as libuv gives it.
  public let code: Int32

  /// The failure of `operation` with a negative error number.
  public init(operation: String, code: Int32) {
    self.operation = operation
    self.code = code
  }

  /// One line for the user.
  public var description: String {
    "\(operation): \(String(cString: uv_strerror(code)))"
  }
}

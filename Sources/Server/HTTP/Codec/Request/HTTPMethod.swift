/// The methods the server routes by. Methods are case-sensitive (RFC 9110 section 9.1).
enum HTTPMethod: String, Sendable, Equatable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
  case options = "OPTIONS"

  /// Any other token. What it was can be read from the head.
  case other = ""

  /// The longest method accepted, in bytes. The longest registered one has 17.
  static let bytesMax = 32

  init(_ bytes: ArraySlice<UInt8>) {
    self =
      HTTPMethod.allCases.first { method in
        method != .other && bytes.elementsEqual(method.rawValue.utf8)
      } ?? .other
  }
}

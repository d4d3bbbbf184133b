/// Why a function did not do what was asked. Nothing was stored in any of these cases.
package enum FunctionError: Error, Sendable, Equatable {
  /// Another generation stands than the one that was named; `nil` where there is none.
  case generation(Generation?)
  /// The key was used for other events in this channel.
  case mismatch
  /// The call broke a rule; the text says which.
  case invalid(String)
  /// The library is not loaded.
  case missing
  /// The user may not do it: a right is missing, or the password.
  case denied(String)
  /// Redis may not write: it is a replica, out of memory, still loading, or cannot save.
  case unwritable(String)
  /// Redis refused in another way.
  case refused(String)
  /// The reply is none that the function gives; the text says what was expected.
  case malformed(String)

  /// The meaning of an error reply.
  package init(reply text: String) {
    let word = text.prefix { $0 != " " }
    let rest = text.dropFirst(word.count).drop { $0 == " " }
    switch word {
    case "GENERATION": self = .generation(Generation(rest))
    case "MISMATCH": self = .mismatch
    case "INVALID": self = .invalid(String(rest))
    case "NOPERM", "NOAUTH", "WRONGPASS": self = .denied(text)
    case "OOM", "READONLY", "LOADING", "MISCONF", "MASTERDOWN", "NOREPLICAS", "BUSY":
      self = .unwritable(text)
    case "ERR" where rest.hasPrefix("Function not found"): self = .missing
    default: self = .refused(text)
    }
  }
}

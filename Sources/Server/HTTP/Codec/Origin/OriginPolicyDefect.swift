/// An entry of the origin settings that cannot be meant, found before the server starts.
struct OriginPolicyDefect: Error, Sendable, Equatable {
  /// The entry as it was written.
  let entry: String

  /// What is allowed instead.
  let allowed: String
}

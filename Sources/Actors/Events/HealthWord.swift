/// What a backplane said of itself. Numbered, since a loop may hear an older word after a newer
/// one.
struct HealthWord: Sendable {
  var number: UInt64 = 0
  var health = BackplaneHealth.proven
}

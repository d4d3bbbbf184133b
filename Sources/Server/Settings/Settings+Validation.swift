import FanfareActors
import FanfareRuntime

extension Settings {
  /// Checks every value, and the combinations that could not work.
  ///
  /// - Throws: The first thing that is wrong, in the order of the reference.
  public func validate() throws(SettingsError) {
    for family in SettingKeys.families {
      for name in family.names(self) {
        guard let refusal = family.refusal(name) else { continue }
        throw SettingsError(
          "\(family.section).\(name)", problem: refusal.problem,
          remedy: "allowed: \(family.allowedNames)")
      }
    }
    for key in SettingKeys.all(in: self) {
      guard let refusal = key.refusal(self) else { continue }
      throw SettingsError(
        key.name, value: refusal.value, problem: refusal.problem, remedy: "allowed: \(key.allowed)")
    }
    try validateReach()
    try validateSizes()
    try validateCounts()
    try validateTimes()
    try validateJobs()
  }

  private func validateReach() throws(SettingsError) {
    guard !listen.isLoopback, !insecure else { return }
    throw SettingsError(
      "listen", value: listen.description,
      problem: "can be reached from other machines, and tokens are not in this version yet",
      remedy: "allowed: a loopback address like 127.0.0.1:\(listen.port), or any with --insecure")
  }

  /// One event of the largest size must fit wherever an event can be.
  private func validateSizes() throws(SettingsError) {
    let event = limits.eventDataBytesMax
    let eventText = "limits.event-data, which is \(ByteText.text(event))"
    try require(
      limits.mailboxBytesMax >= 4 * event, "mailbox.bytes", "at least 4 times \(eventText)")
    try require(limits.historyBytesMax >= event, "history.bytes", "at least \(eventText)")
    try require(
      limits.memoryHistoryBytesMax >= limits.historyBytesMax, "memory.history",
      "at least history.bytes, which is \(ByteText.text(limits.historyBytesMax))")
    try require(limits.publishBodyBytesMax >= event, "limits.publish-body", "at least \(eventText)")
    try require(
      limits.stalledFrameBytesMax >= event, "limits.stalled-frames", "at least \(eventText)")
    try require(limits.pollAnswerBytesMax >= event, "limits.poll-answer", "at least \(eventText)")
  }

  private func validateCounts() throws(SettingsError) {
    let channels = limits.channelsPerConnectionMax
    let channelsText = "limits.channels-per-connection, which is \(channels)"
    try require(
      limits.channelsPerStreamMax <= channels, "limits.channels-per-stream",
      "at most \(channelsText)", problem: "is too large")
    // A verdict names its channel (255 bytes) and up to three positions (34 bytes each).
    let verdictBytesMax = 512
    try require(
      limits.controlLaneBytesMax >= verdictBytesMax * channels, "limits.control-lane",
      "at least \(verdictBytesMax) times \(channelsText)")
  }

  /// What counts missed events must live as long as the events.
  private func validateTimes() throws(SettingsError) {
    let ttls =
      [("defaults.ttl", namespaceDefaults.ttl)]
      + namespaces.sorted { $0.key < $1.key }.map { ("namespaces.\($0.key).ttl", $0.value.ttl) }
    for (name, ttl) in ttls {
      try require(
        limits.metaTTL >= ttl, "meta-ttl", "at least \(name), which is \(DurationText.text(ttl))")
    }
  }

  func require(
    _ holds: Bool, _ name: String, _ allowed: String, problem: String = "is too small"
  ) throws(SettingsError) {
    if holds { return }
    let value = SettingKeys.all(in: self).first { $0.name == name }?.text(self).line
    throw SettingsError(name, value: value, problem: problem, remedy: "allowed: \(allowed)")
  }
}

import FanfareActors
import FanfareRuntime

extension SettingKeys {
  /// The keys of a namespace, from its own name down.
  static let namespace: [SettingKey<NamespaceSettings>] = [
    SettingKey(
      "history", \.historyEventsMax, .count(1...1_000_000),
      "The events that a channel's history retains.",
      atBound: """
        The oldest event leaves history. A follower that comes back later is told a gap that says \
        how many events it missed.
        """),
    SettingKey(
      "ttl", \.ttl, .duration(.seconds(1) ... .seconds(365 * day)),
      "How long history retains an event. At most `meta-ttl`.",
      atBound: "An older event leaves history, which is told as a gap in the same way."),
    SettingKey(
      "overflow", \.overflow, .choice(),
      """
      What happens to a follower that has fallen out of its mailbox. `catch-up` feeds it from \
      history and tells what left history as a gap; `drop-oldest` jumps to the newest half of the \
      mailbox and tells the gap; `disconnect` closes the connection, and the client resumes.
      """),
    SettingKey(
      "firehose", \.firehose, .toggle,
      """
      Whether the namespace's events are also copied into one stream in Redis, for consumer groups \
      of other programs. Only with `backplane: redis`.
      """),
    SettingKey(
      "firehose-events", \.firehoseEventsMax, .count(1...100_000_000),
      "The events that the stream of `firehose` retains, or some more.",
      atBound: """
        The oldest leave the stream, whether or not a consumer group has read them.
        """),
  ]

  /// What is kept, for how long, and how much of it.
  static let retention: [SettingKey<Settings>] =
    namespace.map { key in
      SettingKey(
        key, under: ["defaults"], get: \.namespaceDefaults, set: { $1.namespaceDefaults = $0 })
    } + [
      SettingKey(
        "mailbox.events", \.limits.mailboxEventsMax, .count(16...65_536),
        """
        The events of one channel's mailbox on one loop: the ring of recent events from which \
        followers are fed.
        """,
        atBound: """
          The oldest event leaves the mailbox. A follower that had not read it yet is treated as \
          its namespace's `overflow` says.
          """),
      SettingKey(
        "mailbox.bytes", \.limits.mailboxBytesMax, .bytes(4 * kib...gib),
        """
        The encoded bytes of one channel's mailbox on one loop and in one wire format. At least 4 \
        times `limits.event-data`.
        """,
        atBound: "The same as for `mailbox.events`; whichever is reached first counts."),
      SettingKey(
        "history.bytes", \.limits.historyBytesMax, .bytes(kib...16 * gib),
        """
        The bytes of event data that one channel's history retains, whatever its `history` says. \
        At least `limits.event-data`.
        """,
        atBound: "The oldest event leaves history, which is told as a gap."),
      SettingKey(
        "memory.history", \.limits.memoryHistoryBytesMax, .bytes(kib...1_024 * gib),
        "The bytes of all histories of the node together. At least `history.bytes`.",
        atBound: """
          The least recently used histories are evicted, and what they held is told as gaps.
          """),
      SettingKey(
        "meta-ttl", \.limits.metaTTL, .duration(.seconds(1) ... .seconds(3_650 * day)),
        """
        How long a channel's head and epoch outlive its events, so that what was missed can be \
        counted. At least the `ttl` of every namespace.
        """,
        atBound: """
          The channel is forgotten. A cursor from before then gets the verdict `reset`.
          """),
    ]

  /// The seconds of a day.
  private static let day = 86_400
}

import FanfareBackplane
import FanfareRuntime

extension SettingKeys {
  /// The Redis that the nodes of a cluster meet in.
  static let redis: [SettingKey<Settings>] = [
    SettingKey(
      "redis.url", \.redis.url, .redisURL,
      """
      Where Redis is, and as whom to speak to it: an ACL user and a password, or just a password, \
      or neither; characters like `@` are written `%40`. The password is never logged; keep it out \
      of the file by setting the environment variable. TLS (`rediss://`) is not to be had with \
      Debian's hiredis: put a tunnel in between where the way is not your own.
      """),
    SettingKey(
      "redis.mode", \.redis.mode, .choice(),
      """
      What Redis keeps of events. `streams` keeps each channel's history, from which any node \
      replays; `pubsub` keeps none: events are told at most once, and what is lost is told as a \
      gap. All nodes of a cluster have the same.
      """),
    SettingKey(
      "redis.prefix", \.redis.prefix, .redisPrefix,
      """
      What the names of all keys and channels in Redis begin with, so that several clusters or \
      other programs may share it. All nodes of a cluster have the same.
      """),
    SettingKey(
      "redis.answer-timeout", \.redis.answerTimeout, .duration(.milliseconds(100) ... .seconds(60)),
      "How long Redis may be silent while a command waits for its answer.",
      atBound: """
        The connection is taken for dead and made anew. What was not answered is told as \
        `outcome-unknown`.
        """),
  ]
}

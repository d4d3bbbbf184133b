import FanfareRuntime

extension SettingKeys {
  /// What the node is and who may reach it.
  static let serving: [SettingKey<Settings>] = [
    SettingKey(
      "listen", \.listen, .listenAddress,
      """
      The address that accepts connections. Port 0 takes any free port. While there are no tokens, \
      only a loopback address is allowed unless `insecure` is set.
      """),
    SettingKey(
      "insecure", \.insecure, .toggle,
      """
      Whether `listen` may be an address that other machines can reach although there are no \
      tokens. Anybody who can reach it may then read and publish everything.
      """),
    SettingKey(
      "loops", \.loops, .loopCount,
      """
      How many event loops serve connections. Each is one thread; `auto` is one for each core.
      """),
    SettingKey(
      "backplane", \.backplane, .choice(),
      """
      Where the nodes of a cluster meet. `local` is a single node that keeps everything in memory; \
      `redis` is any number of nodes with one Redis, which the keys of `redis` describe.
      """),
    SettingKey(
      "origins", \.origins, .origins,
      """
      The web origins whose pages may use the server besides its own. They are compared with what \
      the browser sends, so they are written as it writes them.
      """,
      atBound: "A page from any other origin is refused with 403."),
    SettingKey(
      "hosts", \.hosts, .hosts,
      """
      The host names that web pages may address the server by besides the loopback names, so that \
      a foreign name that resolves to this machine gains nothing. An entry without a port stands \
      for ports 80, 443 and that of `listen`; one with a port for just that port.
      """,
      atBound: "A page that uses any other name is refused with 403."),
    SettingKey(
      "heartbeat", \.limits.heartbeat, .duration(.seconds(1) ... .seconds(300)),
      """
      The time between two comments on a quiet SSE stream. Proxies cut a stream that is silent for \
      30 to 60 seconds, and a client that has gone is noticed only when something is sent to it.
      """),
    SettingKey(
      "drain.window", \.drainWindow, .duration(.zero ... .seconds(600)),
      """
      The time over which followers are told that the server stops, and over which they are asked \
      to come back, so that neither other nodes nor a restarted one see them all at once. Few \
      followers take less: 500 a second on a loop are told in any case. Give the supervisor that \
      ends the process some 10 seconds more.
      """),
    SettingKey(
      "websocket.compression", \.webSocketCompression, .toggle,
      """
      Whether WebSocket messages are compressed (permessage-deflate, RFC 7692) for clients that \
      offer it. A message is compressed once for all followers on a loop. It takes some 300 KiB \
      for each loop and none for a connection, and saves bytes at the price of processor time.
      """),
    SettingKey(
      "diagnostics.echo", \.diagnosticsEcho, .toggle,
      """
      Whether `/ws/echo` is served, a WebSocket that sends back what it is sent, for trying \
      clients and proxies.
      """),
    SettingKey(
      "diagnostics.echo-bytes", \.limits.echoMessageBytesMax, .bytes(kib...256 * mib),
      "The bytes of one message to `/ws/echo`.",
      atBound: "The connection is closed with 1009."),
    SettingKey(
      "log.level", \.logLevel, .choice(),
      "The least severe messages that are logged."),
    SettingKey(
      "log.format", \.logFormat, .choice(),
      "How a line of the log is written. `text` is for people, `json` is one object a line."),
  ]
}

import FanfareActors
import FanfareRuntime
import Logging

/// Everything that a node can be told before it starts.
///
/// A plain value with defaults, so that an embedding program can fill it in by hand.
/// ``load(file:environment:overrides:)`` fills it from `fanfare.yaml`, the environment and flags.
/// ``validate()`` must pass before a node starts.
public struct Settings: Sendable, Equatable {
  /// The address that accepts connections. While there are no tokens, an address that other
  /// machines can reach is refused unless ``insecure`` is set.
  ///
  /// The default is `127.0.0.1:8080`.
  public var listen = ListenAddress(host: "127.0.0.1", port: 8080)

  /// Whether ``listen`` may be an address that other machines can reach although anybody may then
  /// read and publish everything.
  ///
  /// The default is false.
  public var insecure = false

  /// How many event loops, each a thread, serve connections: 1 to 64.
  ///
  /// The default is ``LoopCount/auto``, one for each core.
  public var loops = LoopCount.auto

  /// Where the nodes of a cluster meet.
  ///
  /// The default is ``BackplaneKind/local``, a single node.
  public var backplane = BackplaneKind.local

  /// The Redis that the nodes of a cluster meet in, where ``backplane`` says so.
  ///
  /// The default is what ``RedisPlace`` starts with.
  public var redis = RedisPlace()

  /// The web origins whose pages may use the server besides its own, as a browser writes them:
  /// `https://app.example.com`. A page from any other origin is refused with 403.
  ///
  /// The default is none.
  public var origins: [String] = []

  /// The host names that web pages may address the server by besides the loopback names:
  /// `fanfare.example.com` stands for ports 80, 443 and that of ``listen``,
  /// `fanfare.example.com:8443` for just that port. A page that uses any other name is refused with
  /// 403, so that a foreign name that resolves to this machine gains nothing.
  ///
  /// The default is none.
  public var hosts: [String] = []

  /// Whether WebSocket messages are compressed (permessage-deflate) for clients that offer it. One
  /// compressed frame serves all followers; it costs some 300 KiB of memory and the compressor's
  /// time per loop.
  ///
  /// The default is false.
  public var webSocketCompression = false

  /// Whether `/ws/echo` is served, a WebSocket that sends back what it is sent.
  ///
  /// The default is false.
  public var diagnosticsEcho = false

  /// The time over which followers are told that the server stops, so that they do not come back
  /// all at once. Fewer than 500 a second on a loop take less.
  ///
  /// The default is 10 seconds.
  public var drainWindow = Duration.seconds(10)

  /// The least severe messages that are logged.
  ///
  /// The default is `info`.
  public var logLevel = Logger.Level.info

  /// How a line of the log is written.
  ///
  /// The default is ``LogFormat/text``.
  public var logFormat = LogFormat.text

  /// The settings of a channel whose namespace is not among ``namespaces``, and those that each
  /// namespace in the configuration file starts from.
  ///
  /// The default is what `NamespaceSettings` starts with.
  public var namespaceDefaults = NamespaceSettings()

  /// The settings of the channels whose names begin with a namespace and `:`. `fanfare` and `job`
  /// are reserved and refused.
  ///
  /// The default is none.
  public var namespaces: [String: NamespaceSettings] = [:]

  /// Whether the node keeps jobs, and where.
  ///
  /// The default is what ``JobsSettings`` starts with.
  public var jobs = JobsSettings()

  /// The queues of jobs.
  ///
  /// The default is `agent_queue`, `git_queue`, `sync_queue` and `cicd_queue`.
  package var queues = QueueSettings.usual

  /// What the jobs of a rate key may take together.
  ///
  /// The default is no bound for any.
  package var budgets: [RateKey: RateBudget] = [:]

  /// The tasks that programs do.
  ///
  /// The default is none.
  package var tasks: [TaskName: CommandTask] = [:]

  /// Every other bound of the node.
  ///
  /// The default is what `Limits` starts with.
  public var limits = Limits()

  /// The settings that everyone starts with.
  public init() {}
}

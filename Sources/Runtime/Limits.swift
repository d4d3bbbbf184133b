/// Every bound of a node in one place: what may grow, how far, and why that far.
///
/// A value here is a promise that memory stays bounded. What happens at a bound is said at the
/// field; each crossing is counted in a metric. All of them can be set in the configuration.
public struct Limits: Sendable, Equatable {
  /// The bytes of one event's `data`. A larger one is refused with 413.
  ///
  /// The default is 65,536.
  public var eventDataBytesMax = 64 * 1024

  /// The bytes of a request's line and header fields together. A larger head is refused with 431.
  ///
  /// The default is 16,384.
  public var requestHeadBytesMax = 16 * 1024

  /// The bytes of a publish body after chunked decoding. A larger one is refused with 413.
  ///
  /// The default is 1,048,576.
  public var publishBodyBytesMax = 1024 * 1024

  /// The events in one NDJSON publish. More are refused with 413.
  ///
  /// The default is 1,000.
  public var publishLinesMax = 1_000

  /// The channels that one connection may follow. More are refused with 422.
  ///
  /// The default is 128.
  public var channelsPerConnectionMax = 128

  /// The channels that one SSE stream or long poll may follow: its cursor travels in a header, and
  /// browsers send no more than 128 bytes of `Last-Event-ID` without a CORS preflight.
  ///
  /// The default is 32.
  public var channelsPerStreamMax = 32

  /// The time a client has to send a whole request head. Then 408, and the connection is closed.
  ///
  /// The default is 10 seconds.
  public var headReadTimeout = Duration.seconds(10)

  /// The time a client has to send a whole request body. Then 408, and the connection is closed.
  ///
  /// The default is 30 seconds.
  public var bodyReadTimeout = Duration.seconds(30)

  /// The time a keep-alive connection may stay without a request before it is closed.
  ///
  /// The default is 75 seconds, a little more than the idle time of common proxies.
  public var keepAliveTimeout = Duration.seconds(75)

  /// The time between two comments on a quiet SSE stream.
  ///
  /// The default is 15 seconds: below the 30 to 60 seconds at which proxies cut a silent stream.
  public var heartbeat = Duration.seconds(15)

  /// How long a socket may accept no byte before one write deadline has passed. After
  /// ``writeDeadlinesMax`` of them the connection is evicted as `stalled`.
  ///
  /// The default is 10 seconds.
  public var writeDeadline = Duration.seconds(10)

  /// The write deadlines that may pass before a connection is evicted.
  ///
  /// The default is 3.
  public var writeDeadlinesMax = 3

  /// The connections that a node holds at once. The next one is answered and closed.
  ///
  /// The default is 100,000.
  public var connectionsMax = 100_000

  /// The channels that a node holds at once. A publish or a follow that needs one more gets 503.
  ///
  /// The default is 100,000.
  public var channelsMax = 100_000

  /// The events of one channel's mailbox on one loop.
  ///
  /// The default is 256.
  public var mailboxEventsMax = 256

  /// The encoded bytes of one channel's mailbox on one loop and in one wire format.
  ///
  /// The default is 1,048,576.
  public var mailboxBytesMax = 1024 * 1024

  /// The bytes of event data that one channel's history retains, whatever its `history` says.
  ///
  /// The default is 16,777,216.
  public var historyBytesMax = 16 * 1024 * 1024

  /// The bytes of all histories of a node. Beyond it the least recently used are evicted, and what
  /// they held is told as gaps.
  ///
  /// The default is 1,073,741,824.
  public var memoryHistoryBytesMax = 1024 * 1024 * 1024

  /// The bytes of unfinished frames that one loop keeps for blocked sockets. The connection that
  /// would need more is evicted as `stalled-frames`.
  ///
  /// The default is 67,108,864.
  public var stalledFrameBytesMax = 64 * 1024 * 1024

  /// The bytes of control messages (verdicts, gaps, byes) that wait on one connection. A connection
  /// that needs more is ended: control messages are never dropped.
  ///
  /// The default is 65,536.
  public var controlLaneBytesMax = 64 * 1024

  /// The bytes of a long-poll answer's events. What does not fit comes with the next poll.
  ///
  /// The default is 1,048,576.
  public var pollAnswerBytesMax = 1024 * 1024

  /// The messages that one WebSocket client may send in a second. More are told 429; a client that
  /// goes on is closed with 1008.
  ///
  /// The default is 100.
  public var webSocketMessagesMax = 100

  /// The bytes of one WebSocket message: the largest event, and as much again, so that data that is
  /// somewhat too large is told so. A larger one is closed with 1009.
  public var webSocketMessageBytesMax: Int { 2 * eventDataBytesMax + 4_096 }

  /// The bytes of one message to `/ws/echo`, where that is served.
  ///
  /// The default is 16,777,216.
  public var echoMessageBytesMax = 16 * 1024 * 1024

  /// The events of a long-poll answer.
  ///
  /// The default is 1,000.
  public var pollEventsMax = 1_000

  /// The longest `wait` of a long poll. A longer one is taken as this.
  ///
  /// The default is 60 seconds.
  public var pollWaitMax = Duration.seconds(60)

  /// How long an idempotency key answers the first publish's position again.
  ///
  /// The default is 120 seconds.
  public var idempotencyTTL = Duration.seconds(120)

  /// The idempotency keys that a node remembers at once. Beyond it a publish that names a key gets
  /// 503: forgetting a key early would publish twice in silence.
  ///
  /// The default is 100,000.
  public var idempotencyKeysMax = 100_000

  /// The bytes of an `Idempotency-Key`.
  ///
  /// The default is 255.
  public var idempotencyKeyBytesMax = 255

  /// How long a channel's head and epoch outlive its events, so that what was missed is counted
  /// exactly.
  ///
  /// The default is 7 days.
  public var metaTTL = Duration.seconds(7 * 24 * 3600)

  /// The channels whose head and epoch one loop remembers, with events or without. Beyond it the
  /// least recently used without events are forgotten; a follower that comes back to one is told
  /// `reset`.
  ///
  /// The default is 1,000,000.
  public var dormantChannelsMax = 1_000_000

  /// The publishes of a node that wait because followers of their channel have not been served
  /// yet. Beyond it a publish gets 503.
  ///
  /// The default is 1,024.
  public var pacedPublishesMax = 1_024

  /// The publishes of a node that the backplane has not answered yet. Beyond it a publish gets 503.
  ///
  /// The default is 4,096.
  public var backplanePublishesMax = 4_096

  /// The bytes of those publishes together. Beyond it a publish gets 503.
  ///
  /// The default is 16,777,216.
  public var backplanePublishBytesMax = 16 * 1024 * 1024

  /// The bytes that the feeds of all channels keep while they find out what came before. Beyond it
  /// they let go of what arrives, and read it from the log; where there is none it is told as a
  /// gap.
  ///
  /// The default is 67,108,864.
  public var backplaneKeptBytesMax = 64 * 1024 * 1024

  /// The bytes of a job's `args`. More are refused with 413.
  ///
  /// The default is 262,144.
  public var jobArgumentsBytesMax = 256 * 1024

  /// The bytes of a job's `result`. More are refused with 413.
  ///
  /// The default is 262,144.
  public var jobResultBytesMax = 256 * 1024

  /// The bytes of a job's checkpoint. More are refused with 413.
  ///
  /// The default is 262,144.
  public var jobCheckpointBytesMax = 256 * 1024

  /// The bytes of one error of a job, and of what its worker says with its progress. The rest is
  /// cut off.
  ///
  /// The default is 4,096.
  public var jobErrorBytesMax = 4 * 1024

  /// The newest bytes of its log that a job keeps.
  ///
  /// The default is 262,144.
  public var jobLogBytesMax = 256 * 1024

  /// The jobs that the store holds, those that are over included. More are refused with 503.
  ///
  /// The default is 10,000,000.
  public var jobsMax = 10_000_000

  /// The jobs of one request: to be made, leased or kept alive. More are refused with 413.
  ///
  /// The default is 1,000.
  public var jobsPerRequestMax = 1_000

  /// The steps of one workflow. More are refused with 413.
  ///
  /// The default is 100.
  public var workflowStepsMax = 100

  /// The requests for jobs that wait in one queue. The next one is refused with 503.
  ///
  /// The default is 10,000.
  public var waitingLeasesMax = 10_000

  /// The bounds that everyone starts with.
  public init() {}
}

/// What goes wrong in a world. What ends by itself does so a few steps later.
enum ClusterFault: String, CaseIterable {
  /// All connections for the feed end, or those for commands, or both.
  case feedCut = "feed cut"
  case commandsCut = "commands cut"
  case cut
  /// Redis is another run, with all that it held or, where it is not durable, what it saved last.
  case restart
  /// The same, and it takes a while.
  case outage
  /// It saves what it holds.
  case save
  /// It does nothing for a while.
  case freeze
  /// Messages of the feed get lost.
  case loss
  /// They come twice.
  case doubling
  /// Everything on its way to and from Redis takes long.
  case delay
  /// `FLUSHALL`: nothing is left.
  case flush
  /// `FUNCTION FLUSH`.
  case functionsLost = "functions lost"
  /// A node is no more; another one starts in its place.
  case crash
}

/// Pages of history, encoded once for all who catch up through them, within a bound of bytes.
/// Loop-confined.
struct PageCache {
  /// The events of one page, aligned so that followers who left at different points share pages.
  static let pageEvents: UInt64 = 32

  struct Key: Hashable {
    let channel: ChannelName
    /// Offsets of another life of the log name other events.
    let epoch: Epoch
    let format: Int
    let first: UInt64
  }

  private let bytesMax: Int
  private var pages: [Key: (run: EncodedEvents, use: UInt64)] = [:]
  private var bytes = 0
  private var uses: UInt64 = 0

  init(bytesMax: Int) {
    self.bytesMax = bytesMax
  }

  /// Where the page that holds `offset` begins.
  static func firstOffset(ofPageWith offset: UInt64) -> UInt64 {
    (offset - 1) / pageEvents * pageEvents + 1
  }

  /// The page with `offset`, if it is at hand and still reaches that far.
  mutating func page(
    of channel: ChannelName, _ epoch: Epoch, format: any WireFormat, with offset: UInt64
  ) -> EncodedEvents? {
    let key = Key(
      channel: channel, epoch: epoch, format: format.identity,
      first: Self.firstOffset(ofPageWith: offset))
    guard let run = pages[key]?.run, run.contains(offset) else { return nil }
    uses += 1
    pages[key]?.use = uses
    return run
  }

  mutating func insert(
    _ run: EncodedEvents, of channel: ChannelName, _ epoch: Epoch, asked first: UInt64
  ) {
    guard run.count > 0 else { return }
    let key = Key(
      channel: channel, epoch: epoch, format: run.format.identity, first: first)
    remove(key)
    uses += 1
    pages[key] = (run, uses)
    bytes += run.retainedBytes
    // The newest page stays whatever its size: its readers must get on.
    while bytes > bytesMax, pages.count > 1,
      let oldest = pages.min(by: { $0.value.use < $1.value.use })
    {
      remove(oldest.key)
    }
  }

  /// Forgets the pages of a channel that this loop no longer follows.
  mutating func forget(_ channel: ChannelName) {
    for key in pages.keys where key.channel == channel { remove(key) }
  }

  private mutating func remove(_ key: Key) {
    guard let page = pages.removeValue(forKey: key) else { return }
    bytes -= page.run.retainedBytes
  }
}

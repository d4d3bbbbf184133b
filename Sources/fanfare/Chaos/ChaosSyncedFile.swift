import FoundationEssentials
import Glibc

/// The file that a Redis with `appendfsync everysec` appends to, and how much of it was there one
/// second ago: what a power failure may leave.
struct ChaosSyncedFile {
  private struct Size {
    let time: ContinuousClock.Instant
    let bytes: Int
  }

  private static let age = Duration.seconds(1)

  private var path = ""
  /// Oldest first; the first one is a second old, or the oldest known.
  private var sizes: [Size] = []

  /// Notes how large it is now. Called several times a second.
  mutating func look(in folder: String) {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder)
    guard let name = files?.filter({ $0.hasSuffix(".incr.aof") }).max() else { return }
    if "\(folder)/\(name)" != path {
      path = "\(folder)/\(name)"
      sizes = []
    }
    var status = stat()
    guard stat(path, &status) == 0 else { return }
    let now = ContinuousClock.now
    sizes.append(Size(time: now, bytes: Int(status.st_size)))
    while sizes.count > 1, now - sizes[1].time >= Self.age { sizes.removeFirst() }
  }

  /// Cuts off what came in the last second. While nobody appends to it.
  mutating func loseTheRest() {
    if let size = sizes.first { truncate(path, off_t(size.bytes)) }
    sizes = []
  }
}

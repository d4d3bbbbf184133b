import FanfareRuntime
import Glibc

/// Removes folders and all that is in them, by a program: that may take long, and nobody is to wait
/// for it. Confined to a loop.
final class FolderRemovals: TimerTarget {
  private static let interval = Duration.milliseconds(16)

  private let loop: EventLoop
  private var removing: [Subprocess] = []

  init(on loop: EventLoop) {
    self.loop = loop
  }

  var isEmpty: Bool { removing.isEmpty }

  func remove(_ folder: String) {
    // Most programs leave nothing in it.
    if rmdir(folder) == 0 { return }
    // What cannot be started now is left to whoever tidies up temporary files.
    guard let process = try? Subprocess(["rm", "-rf", "--", folder]) else { return }
    removing.append(process)
    if removing.count == 1 { _ = loop.schedule(after: Self.interval, self) }
  }

  func timerFired() {
    removing.removeAll { $0.ending() != nil }
    if !removing.isEmpty { _ = loop.schedule(after: Self.interval, self) }
  }
}

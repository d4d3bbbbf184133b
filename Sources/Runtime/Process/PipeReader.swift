import CLibuv
import Glibc

/// Who takes what a program writes. Every call comes on the reader's loop.
public protocol PipeReaderDelegate: AnyObject {
  /// Some bytes have come, at most ``PipeReader/bytesPerTick``.
  func pipe(_ reader: PipeReader, brought bytes: [UInt8])
  /// Nothing follows: all who could write have closed it, or gone.
  func pipeEnded(_ reader: PipeReader)
}

/// Reads on a loop what a program writes, at a bounded pace: a program that writes faster waits.
///
/// Loop-confined. It owns both ends of its pipe.
public final class PipeReader: DescriptorWatchDelegate, TimerTarget {
  /// The bytes read in one tick of the loop's timers: some 8 MB a second.
  public static let bytesPerTick = 128 * 1024
  private static let tick = Duration.milliseconds(16)

  /// The end that a program is given; -1 once it is closed here.
  public private(set) var writeEnd: Int32
  private var readEnd: Int32
  private let loop: EventLoop
  private var watch: DescriptorWatch?
  private var delegate: (any PipeReaderDelegate)?
  private var pause = TimerToken.none
  private var bytesLeft = PipeReader.bytesPerTick
  private var since: MonotonicInstant

  /// Opens a pipe.
  ///
  /// - Parameter delegate: held until the end, or ``close()``.
  public init(on loop: EventLoop, delegate: any PipeReaderDelegate) throws(RuntimeError) {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC) == 0 else {
      throw RuntimeError(operation: "pipe2", code: -errno)
    }
    (readEnd, writeEnd) = (ends[0], ends[1])
    self.loop = loop
    self.delegate = delegate
    since = loop.now
    do {
      watch = try DescriptorWatch(readEnd, on: loop, delegate: self)
    } catch {
      Glibc.close(readEnd)
      Glibc.close(writeEnd)
      throw error
    }
    watch?.watch(for: .readable)
  }

  /// The program has its end now: without ours the pipe ends when the program does.
  public func closeWriteEnd() {
    guard writeEnd >= 0 else { return }
    Glibc.close(writeEnd)
    writeEnd = -1
  }

  /// Brings what is in the pipe already, without waiting for more, and closes it.
  public func finish() {
    // A pipe holds 64 KiB; more is from one who has outlived the program, and has no end.
    for _ in 0..<8 {
      guard let bytes = read(), !bytes.isEmpty else { break }
      delegate?.pipe(self, brought: bytes)
    }
    close()
  }

  /// Reads no more.
  public func close() {
    closeWriteEnd()
    loop.cancel(pause)
    delegate = nil
    let watch = watch
    self.watch = nil
    watch?.close()
    if readEnd >= 0 { Glibc.close(readEnd) }
    readEnd = -1
  }

  /// Empty where there is nothing just now; `nil` at the end.
  private func read() -> [UInt8]? {
    guard readEnd >= 0 else { return nil }
    var count = -1
    let bytes = [UInt8](unsafeUninitializedCapacity: Self.bytesPerTick) { buffer, filled in
      repeat {
        count = Glibc.read(readEnd, buffer.baseAddress, buffer.count)
      } while count < 0
        && errno == EINTR
      filled = max(0, count)
    }
    if count < 0, errno == EAGAIN { return [] }
    return count > 0 ? bytes : nil
  }

  /// On the loop.
  public func descriptorIsReady(_ readiness: DescriptorWatch.Readiness) {
    guard let bytes = read() else {
      let delegate = delegate
      close()
      delegate?.pipeEnded(self)
      return
    }
    guard !bytes.isEmpty else { return }
    if loop.now - since > Self.tick {
      since = loop.now
      bytesLeft = Self.bytesPerTick
    }
    bytesLeft -= bytes.count
    if bytesLeft <= 0 {
      watch?.watch(for: [])
      pause = loop.schedule(after: Self.tick, self)
    }
    delegate?.pipe(self, brought: bytes)
  }

  /// It may read on.
  public func timerFired() { watch?.watch(for: .readable) }

  /// The loop has closed the watch.
  public func descriptorLoopEnded() {
    let delegate = delegate
    watch = nil
    close()
    delegate?.pipeEnded(self)
  }
}

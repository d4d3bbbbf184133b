import Glibc
import Synchronization

/// Runs libFuzzer over an invariant check. The only place of the project with unsafe pointers.
public enum FuzzDriver {
  /// A bare closure in a mutex would be wrapped in one more thunk at every access.
  private struct Check: Sendable {
    let violation: @Sendable ([UInt8]) -> String?
  }

  private static let check = Mutex<Check?>(nil)

  /// Fuzzes until libFuzzer's own arguments end the run, and exits the process then.
  ///
  /// - Parameter violation: names the invariant that an input breaks; nil if it breaks none. An
  ///   input that breaks one is kept as a crash.
  public static func run(_ violation: @escaping @Sendable ([UInt8]) -> String?) -> Never {
    check.withLock { $0 = Check(violation: violation) }
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(libFuzzerRun(&count, &arguments) { FuzzDriver.judge($0, $1) })
  }

  private static func judge(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let message = check.withLock({ $0 })?.violation(input) else { return 0 }
    let line = "invariant broken: \(message)\n"
    _ = write(STDERR_FILENO, line, line.utf8.count)
    abort()
  }
}

/// libFuzzer's entry for programs that have their own `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func libFuzzerRun(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

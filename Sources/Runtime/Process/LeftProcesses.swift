import CLibuv
import Glibc

/// Processes that outlived whoever started them.
public enum LeftProcesses {
  private static let passesMax = 100
  private static let environmentBytesMax = 4 * 1024 * 1024

  /// Kills all processes of this user, but for this one, of whose environment an entry begins with
  /// `beginning`, and those that they start meanwhile. Returns how many there were.
  ///
  /// Where there are any it blocks the thread until they have gone, at most half a second. A
  /// process that hides its environment is not found.
  public static func kill(withVariable beginning: String) -> Int {
    let beginning = Array(beginning.utf8)
    var killed: Set<pid_t> = []
    for _ in 0..<passesMax {
      let found = numbers().filter { kill($0, withVariable: beginning) }
      guard !found.isEmpty else { break }
      killed.formUnion(found)
      usleep(5_000)
    }
    return killed.count
  }

  private static func numbers() -> [pid_t] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var numbers: [pid_t] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = pid_t(name), number != getpid() { numbers.append(number) }
    }
    return numbers
  }

  /// Returns whether it was such a one.
  private static func kill(_ number: pid_t, withVariable beginning: [UInt8]) -> Bool {
    // Held before it is looked at: the number may be another's a moment later.
    let process = fanfare_open_process(number)
    guard process >= 0 else { return false }
    defer { close(process) }
    guard
      environment(of: number).split(separator: 0).contains(where: { $0.starts(with: beginning) })
    else { return false }
    return fanfare_signal_process(process, SIGKILL) == 0
  }

  /// Empty where it cannot be read: of other users, and of processes that have ended.
  private static func environment(of number: pid_t) -> [UInt8] {
    let file = open("/proc/\(number)/environ", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    while bytes.count < environmentBytesMax {
      let part = [UInt8](unsafeUninitializedCapacity: 64 * 1024) { buffer, filled in
        filled = max(0, read(file, buffer.baseAddress, buffer.count))
      }
      guard !part.isEmpty else { break }
      bytes += part
    }
    return bytes
  }
}

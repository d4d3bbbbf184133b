import CLibuv
import Glibc

/// What the system says of this process, under the names that Prometheus clients use.
public struct ProcessStatistics: Sendable {
  /// User and system time since the start, in seconds.
  public var cpuSeconds = 0.0
  /// Resident memory in bytes.
  public var residentBytes = 0
  /// Virtual memory in bytes.
  public var virtualBytes = 0
  /// Descriptors open now.
  public var openDescriptors = 0
  /// Descriptors that may be open at once.
  public var descriptorsMax = 0

  /// Reads the system's numbers now. What cannot be read stays 0.
  public static func now() -> ProcessStatistics {
    var statistics = ProcessStatistics()
    var usage = rusage()
    if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
      statistics.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
    if let file = fopen("/proc/self/statm", "r") {
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 256)
      if fgets(&line, Int32(line.count), file) != nil {
        let text = String(
          decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").compactMap { Int($0) }
        let pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
        if pages.count > 1 {
          statistics.virtualBytes = pages[0] * pageBytes
          statistics.residentBytes = pages[1] * pageBytes
        }
      }
    }
    if let directory = opendir("/proc/self/fd") {
      // `.`, `..` and the directory itself are no descriptors of ours.
      var count = -3
      while readdir(directory) != nil { count += 1 }
      closedir(directory)
      statistics.openDescriptors = max(0, count)
    }
    statistics.descriptorsMax = descriptorLimit
    return statistics
  }

  /// Raises the soft limit of descriptors to the hard one. Returns the limit that holds then.
  @discardableResult
  public static func raiseDescriptorLimit() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    return descriptorLimit
  }

  private static var descriptorLimit: Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
    return Int(clamping: limit.rlim_cur)
  }

  private static func seconds(_ time: timeval) -> Double {
    Double(time.tv_sec) + Double(time.tv_usec) / 1e6
  }
}

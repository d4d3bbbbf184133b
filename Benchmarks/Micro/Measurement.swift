import CAllocations
import FanfareRuntime
import Glibc

/// One step of the event path, timed and counted on the calling thread.
struct Measurement {
  let name: String
  /// Of one operation, the median of the samples.
  let nanoseconds: Double
  let allocations: Double

  private static let samples = 21

  /// Runs `body` `operations` times for each sample, after one that is not counted.
  init(_ name: String, operations: Int = 20_000, _ body: (Int) -> Void) {
    self.name = name
    for index in 0..<operations { body(index) }
    var times: [Double] = []
    times.reserveCapacity(Self.samples)
    var allocations: UInt64 = 0
    for _ in 0..<Self.samples {
      let counted = allocations_of_thread()
      let start = MonotonicInstant.now
      for index in 0..<operations { body(index) }
      let end = MonotonicInstant.now
      allocations += allocations_of_thread() - counted
      times.append(Double(end.nanoseconds - start.nanoseconds) / Double(operations))
    }
    times.sort()
    nanoseconds = times[Self.samples / 2]
    self.allocations = Double(allocations) / Double(Self.samples * operations)
  }

  static let header = Self.padded("", "ns", "allocations")

  var row: String { Self.padded(name, Self.text(nanoseconds), Self.text(allocations)) }

  var json: String {
    #"{"benchmark":"\#(name)","nanoseconds":\#(Self.text(nanoseconds)),"#
      + #""allocations":\#(Self.text(allocations))}"#
  }

  /// With two digits behind the point.
  static func text(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }

  private static func padded(_ name: String, _ first: String, _ second: String) -> String {
    let gap = String(repeating: " ", count: max(1, 42 - name.count))
    let rest = [first, second].map { String(repeating: " ", count: max(1, 12 - $0.count)) + $0 }
    return name + gap + rest.joined() + "\n"
  }
}

extension MonotonicInstant {
  fileprivate static var now: MonotonicInstant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicInstant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }
}

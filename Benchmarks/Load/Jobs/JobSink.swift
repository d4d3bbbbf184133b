import FanfareRuntime
import Glibc

/// A worker that does nothing with its jobs: it leases some over one connection, reports the
/// success of each over several others, and leases the next ones.
///
/// `@unchecked Sendable`: used on the loop alone.
final class JobSink: JobLoad, @unchecked Sendable {
  private let target: [UInt8]
  private let body: [UInt8]
  /// The shares of the sinks that work together: how many are to be done.
  private let quota: JobQuota
  /// From asking for jobs to having some.
  var leaseTimes = LatencyHistogram()
  private var asked: UInt64 = 0
  /// Whether what is leased is left alone.
  var keeps = false
  /// Called with the instant at which the first job of an answer was there.
  var took: ((UInt64) -> Void)?
  private var isWorking = false
  /// Jobs whose success is being reported.
  private var open = 0
  private let reporters: [JobReporter]

  init(
    _ loop: LoadLoop, to server: SocketAddress, queue: String, worker: String, max: Int,
    wait: Int, reporters count: Int, quota: JobQuota
  ) {
    target = Array("/queues/\(queue)/lease".utf8)
    body = Array(#"{"worker":"\#(worker)","max":\#(max),"wait":\#(wait)}"#.utf8)
    self.quota = quota
    reporters = (0..<count).map { _ in JobReporter(loop, to: server) }
    super.init(loop, to: server)
  }

  override func begin() {
    super.begin()
    for reporter in reporters {
      reporter.begin()
      reporter.taken = { [unowned self] in taken() }
    }
  }

  override func close() {
    super.close()
    for reporter in reporters { reporter.close() }
  }

  override var failure: String? { super.failure ?? reporters.lazy.compactMap(\.failure).first }

  /// Works until its quota is done.
  func work() {
    isWorking = true
    canAsk()
  }

  override func canAsk() {
    guard isWorking, connection.isConnected, connection.isSent, waiting == 0, open == 0
    else { return }
    guard quota.left > 0 else {
      isWorking = false
      return
    }
    asked = LoadLoop.now
    post(target, body)
    connection.flush()
  }

  override func done(_ body: UnsafeBufferPointer<UInt8>) {
    let now = LoadLoop.now
    leaseTimes.record(now - asked)
    let claims = Self.claims(in: body)
    quota.left -= claims.count
    quota.leased += claims.count
    if !claims.isEmpty { took?(now) }
    if keeps { return }
    open = claims.count
    for (index, claim) in claims.enumerated() {
      var target = Array("/jobs/".utf8)
      target.append(contentsOf: body[claim.id])
      target.append(contentsOf: "/succeed".utf8)
      var report = Array(#"{"lease":"#.utf8)
      report.append(contentsOf: body[claim.lease])
      report.append(UInt8(ascii: "}"))
      reporters[index % reporters.count].report(target, report)
    }
  }

  private func taken() {
    open -= 1
    quota.done += 1
    quota.last = LoadLoop.now
    if open == 0 { canAsk() }
  }

  /// Where the ids and leases of an answer to a lease lie; a lease is taken as it is written.
  private static func claims(
    in body: UnsafeBufferPointer<UInt8>
  ) -> [(id: Range<Int>, lease: Range<Int>)] {
    var claims: [(id: Range<Int>, lease: Range<Int>)] = []
    var place = 0
    while let id = find(#""id":""#, in: body, from: place),
      let idEnd = body[id...].firstIndex(of: UInt8(ascii: "\"")),
      let lease = find(#""lease":"#, in: body, from: idEnd),
      let leaseEnd = body[lease...].firstIndex(where: { $0 == 0x2C || $0 == 0x7D })
    {
      claims.append((id..<idEnd, lease..<leaseEnd))
      place = leaseEnd
    }
    return claims
  }

  private static func find(
    _ text: StaticString, in body: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Int? {
    guard let base = body.baseAddress else { return nil }
    var place = start
    while place + text.utf8CodeUnitCount <= body.count,
      let found = memchr(base + place, Int32(text.utf8Start.pointee), body.count - place)
    {
      let index = found - UnsafeMutableRawPointer(mutating: base)
      let end = index + text.utf8CodeUnitCount
      if end <= body.count, memcmp(found, text.utf8Start, text.utf8CodeUnitCount) == 0 {
        return end
      }
      place = index + 1
    }
    return nil
  }
}

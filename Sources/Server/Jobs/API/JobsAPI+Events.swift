import FanfareActors
import FanfareRuntime

/// What becomes of a request for a job's events.
enum JobAttachment {
  case answered(Response)
  /// The events as JSON.
  case read(FollowRequest)
  /// A stream of them, which begins with a block that says how the job stands.
  case stream(FollowRequest, greeting: [UInt8], JobWatch)
  /// A stream that has to come back later.
  case away
}

/// A job's own events.
extension JobsAPI {
  /// Greater than the number of any event, with room to count on from it.
  private static let beyond = Int64(1) << 62

  /// Looks at the job before its events are read or followed.
  func attach(
    _ id: JobID, _ request: FollowRequest, isStream: Bool, on loop: EventLoop
  ) async -> JobAttachment {
    let watch = isStream ? node.streams.streams(on: loop)?.watch(id) : nil
    let confined = LoopConfined(watch, to: loop)
    do throws(Problem) {
      let attachment = try await attached(id, request, confined, on: loop)
      if case .stream = attachment {} else { confined.get?.ends() }
      return attachment
    } catch {
      confined.get?.ends()
      guard isStream else { return .answered(error.response) }
      // Any status but 200 ends an `EventSource` for good; 204 does so in peace.
      if error.status == 503 { return .away }
      return .answered(
        error.status == 404 && request.isResuming ? Response(status: 204) : error.response)
    }
  }

  private func attached(
    _ id: JobID, _ request: FollowRequest, _ watch: LoopConfined<JobWatch?>, on loop: EventLoop
  ) async throws(Problem) -> JobAttachment {
    let command = JobCommand.events(id, after: Self.beyond, max: 1)
    guard case .events(let page) = try await ask(command, on: loop) else { throw .strangeReply }
    guard let watch = watch.get else {
      var request = request
      // Nothing is going to come.
      if page.isOver { request.wait = .zero }
      return .read(request)
    }
    if page.isOver {
      if request.isAt(UInt64(clamping: page.last)) { return .answered(Response(status: 204)) }
      watch.wasOver(with: page.last)
    }
    var greeting: [UInt8] = []
    if !request.isResuming, request.wantsSnapshot {
      request.format.appendSnapshot(try await json(of: id, on: loop), of: id, loop, to: &greeting)
    }
    return .stream(request, greeting: greeting, watch)
  }
}

extension FollowRequest {
  /// Whether its cursor stands at event `last` or after it.
  fileprivate func isAt(_ last: UInt64) -> Bool {
    guard let follow = follows.first, case .after(let position) = follow.start else { return false }
    return position.epoch == JobChannels.epoch(of: follow.channel) && position.offset >= last
  }

  /// A client that cannot tell events by their type is told nothing but events.
  fileprivate var wantsSnapshot: Bool {
    guard let type = EventType("snapshot"), format.isNamed else { return false }
    return filter?.accepts(type) ?? true
  }
}

extension SSEFormat {
  /// Appends how a job stands, without moving the cursor.
  fileprivate func appendSnapshot(
    _ json: [UInt8], of job: JobID, _ loop: EventLoop, to bytes: inout [UInt8]
  ) {
    bytes.append(contentsOf: "event: snapshot\n".utf8)
    var writer = JSONWriter()
    switch content {
    case .data: writer.raw(json)
    case .event:
      writer.beginObject()
      writer.member("channel", "job:\(job)")
      writer.member("type", "snapshot")
      writer.member("data", raw: json)
      writer.member("time", time: loop.wallMilliseconds())
      writer.endObject()
    }
    Self.appendLines(writer.bytes, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }
}

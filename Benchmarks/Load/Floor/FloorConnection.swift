import FanfareRuntime

/// One connection of the floor: it follows, or publishes, or asks whether the server is ready.
final class FloorConnection: StreamDelegate {
  private unowned let server: FloorServer

  init(_ server: FloorServer) {
    self.server = server
  }

  func streamIsWritable(_ stream: Stream) {}

  func streamEnded(_ stream: Stream, _ end: StreamEnd) {
    server.forget(stream)
    stream.close()
  }

  func streamHasInput(_ stream: Stream) {
    while let head = stream.withInput({ ResponseHead($0) }),
      stream.inputCount >= head.bytes + head.contentLength
    {
      let isPublish = stream.withInput { $0[0] == UInt8(ascii: "P") }
      // `GET /c` is a follower, `GET /r` the question whether the server is ready.
      let isFollower = !isPublish && stream.withInput { $0[5] == UInt8(ascii: "c") }
      stream.consume(head.bytes)
      let body = stream.withInput { input in
        (0..<head.contentLength).map { input[$0] }
      }
      stream.consume(head.contentLength)
      if isPublish {
        _ = server.publish(body)
        answer(stream, "201 Created\r\nContent-Length: 0\r\n\r\n")
      } else if isFollower {
        answer(stream, "200 OK\r\n\r\nid: \(server.offset).floor\n\n")
        server.follow(stream)
      } else {
        answer(stream, "200 OK\r\nContent-Length: 0\r\n\r\n")
        streamEnded(stream, .finished)
        return
      }
    }
  }

  private func answer(_ stream: Stream, _ text: String) {
    let bytes = Array("HTTP/1.1 \(text)".utf8)
    _ = stream.send(bytes.span)
  }
}

import FanfareServer
import FanfareTestKit
import Testing

/// What people and agents do with it: chats, approvals, a debugging session.
@Suite struct ConversationTests {
  private static func say(
    _ socket: TestWebSocket, _ id: Int, _ channel: String, _ type: String, _ data: String
  ) throws {
    try socket.text(
      #"{"op":"publish","id":\#(id),"channel":"\#(channel)","type":"\#(type)","data":\#(data)}"#)
  }

  @Test func twoClientsConverse() async throws {
    try await ServerUnderTest.run { server in
      let ann = try server.webSocket("/ws?channels=chat:7")
      let ben = try server.webSocket("/ws?channels=chat:7")
      for socket in [ann, ben] { _ = try socket.message() }
      for turn in 1...10 {
        let (speaker, listener) = turn % 2 == 0 ? (ann, ben) : (ben, ann)
        try Self.say(speaker, turn, "chat:7", "message", #"{"turn":\#(turn)}"#)
        let heard = try listener.message { $0.op == "event" && $0.position?.offset == turn }
        #expect(heard.data == #"{"turn":\#(turn)}"#)
      }
      // Each has seen the whole talk once, its own words too, in the same order.
      for socket in [ann, ben] {
        while socket.messages.count < 16 { _ = try socket.message() }
        let talk = socket.messages.filter { $0.op == "event" }
        #expect(talk.compactMap { $0.position?.offset } == Array(1...10))
        #expect(socket.messages.count { $0.op == "published" } == 5)
      }
      // Who joins later reads what was said.
      let late = try server.webSocket("/ws?channels=chat:7&last=3")
      #expect(try late.message().channels[0].replayed == 3)
      #expect(try late.events(3).map(\.data) == (8...10).map { #"{"turn":\#($0)}"# })
    }
  }

  @Test func anApprovalReachesWhoAskedForIt() async throws {
    try await ServerUnderTest.run { server in
      let agent = try server.webSocket()
      _ = try agent.ask(
        #"{"op":"subscribe","id":1,"channel":"project:42","types":["approval_*"]}"#, id: 1)
      let person = try server.webSocket()
      _ = try person.ask(
        #"{"op":"subscribe","id":1,"channel":"project:42","types":["approval_required"]}"#, id: 1)
      try Self.say(agent, 2, "project:42", "agent_progress", "1")
      try Self.say(agent, 3, "project:42", "approval_required", #"{"step":"deploy"}"#)
      let asked = try person.message { $0.op == "event" }
      #expect(asked.type == "approval_required" && asked.data == #"{"step":"deploy"}"#)
      try Self.say(
        person, 2, "project:42", "approval_granted",
        #"{"of":"\#(asked.position ?? "")","by":"ann"}"#)
      let granted = try agent.message { $0.type == "approval_granted" }
      #expect(granted.data == #"{"of":"\#(asked.position ?? "")","by":"ann"}"#)
      let types = agent.messages.filter { $0.op == "event" }.map(\.type)
      #expect(types == ["approval_required", "approval_granted"])
      // The agent was away when it was granted: its cursor brings it.
      let again = try server.webSocket()
      let told = try again.ask(
        #"{"op":"subscribe","id":1,"channel":"project:42","after":"\#(asked.position ?? "")"}"#,
        id: 1)
      #expect(told.replayed == 1)
      #expect(try again.events(1).map(\.type) == ["approval_granted"])
    }
  }

  @Test func aDebuggingSessionFollowsSeveralChannels() async throws {
    try await ServerUnderTest.run { server in
      let socket = try server.webSocket("/ws?channels=project:1,project:2&types=job_failed")
      _ = try socket.message()
      // A third one, and of that everything.
      _ = try socket.ask(#"{"op":"subscribe","id":1,"channel":"workflow:9"}"#, id: 1)
      let publisher = try server.connect()
      var expected: [String] = []
      for number in 1...30 {
        let channel = ["project:1", "project:2", "workflow:9"][number % 3]
        let type = number % 5 == 0 ? "job_failed" : "job_progress"
        _ = try publisher.publish("/channels/\(channel)/events", type, "\(number)")
        if number % 5 == 0 || channel == "workflow:9" { expected.append("\(number)") }
      }
      let seen = try socket.events(expected.count)
      #expect(Set(seen.map(\.data)) == Set(expected))
      for channel in ["project:1", "project:2", "workflow:9"] {
        let offsets = seen.filter { $0.channel == channel }.compactMap { $0.position?.offset }
        #expect(offsets == offsets.sorted() && !offsets.isEmpty)
      }
    }
  }
}

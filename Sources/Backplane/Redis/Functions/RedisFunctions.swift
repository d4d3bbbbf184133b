import FanfareActors
import FanfareFunctions
import FanfareRuntime

/// Makes the commands that call the functions of ``FunctionLibrary``, and reads their replies.
package struct RedisFunctions: Sendable {
  /// The channels that one ``state(of:in:)`` may ask for.
  package static let channelsPerStateMax = 500
  /// The events of one publish.
  package static let eventsPerPublishMax = 1_000
  /// Offsets end here: a function's numbers are doubles.
  static let offsetMax: UInt64 = 1 << 53 - 1

  /// What a node expects ``version()`` to be answered, or more.
  package static let libraryVersion = FunctionLibrary.version

  package let keys: RedisKeys

  package init(keys: RedisKeys) {
    self.keys = keys
  }

  // MARK: Commands

  /// Asks for the version of the library that Redis has.
  package func version() -> [[UInt8]] { ["FCALL".bytes, "fanfare_version".bytes, "0".bytes] }

  /// Loads the library, in place of another version.
  package func load() -> [[UInt8]] {
    ["FUNCTION".bytes, "LOAD".bytes, "REPLACE".bytes, FunctionLibrary.text]
  }

  /// Publishes `drafts`, at most ``eventsPerPublishMax``, in one step.
  package func publish(
    _ drafts: [Draft], to channel: ChannelName, key: PublishKey?, in generation: Generation
  ) -> [[UInt8]] {
    var command = call("fanfare_publish", [keys.hub, keys.log(channel)])
    command.reserveCapacity(8 + 2 * drafts.count)
    command.append(generation.text.bytes)
    command.append(key?.name ?? [])
    command.append(key.map { String($0.fingerprint, radix: 16).bytes } ?? [])
    for draft in drafts {
      command.append(draft.type.text.bytes)
      command.append(draft.data)
    }
    return command
  }

  /// Asks what the logs of at most ``channelsPerStateMax`` channels hold.
  package func state(of channels: [ChannelName], in generation: Generation) -> [[UInt8]] {
    call("fanfare_state", [keys.hub] + channels.map(keys.log)) + [generation.text.bytes]
  }

  /// Asks for at most `eventsMax` events of at most `bytesMax` bytes (but at least one), from the
  /// first retained at or after `offset`.
  package func read(
    _ channel: ChannelName, from offset: UInt64, eventsMax: Int, bytesMax: Int,
    in generation: Generation
  ) -> [[UInt8]] {
    call("fanfare_read", [keys.hub, keys.log(channel)])
      + [generation.text, "\(offset)", "\(eventsMax)", "\(bytesMax)"].map(\.bytes)
  }

  /// Asks for the generation, and stores how logs are kept. Where there is none yet, or the server
  /// is another run and not all runs since have been durable, `candidate` becomes the generation.
  ///
  /// - Parameters:
  ///   - isDurable: whether a run of the server, as it is set now, leaves to the next one all that
  ///     it has acknowledged.
  ///   - namespaces: the settings by namespace; `defaults` are those of all others.
  package func join(
    candidate: Generation, run: String, isDurable: Bool, mode: RedisMode, defaults: LogSettings,
    namespaces: [(name: String, settings: LogSettings)] = []
  ) -> [[UInt8]] {
    var command = call("fanfare_join", [keys.hub])
    command += [candidate.text, run, isDurable ? "1" : "0", mode.rawValue].map(\.bytes)
    for (name, settings) in [(name: "*", settings: defaults)] + namespaces {
      command += [name.bytes, settings.text.bytes]
    }
    return command
  }

  /// Makes `candidate` the generation where `expected` is.
  package func raise(
    from expected: Generation, to candidate: Generation, run: String
  ) -> [[UInt8]] {
    call("fanfare_raise", [keys.hub]) + [expected.text, candidate.text, run].map(\.bytes)
  }

  /// Says that this node is alive for the next `ttl`, or that it leaves (`.zero`), and asks who is.
  package func beat(id: String, ttl: Duration, description: [UInt8]) -> [[UInt8]] {
    call("fanfare_beat", [keys.hub, keys.nodes])
      + [id.bytes, "\(max(0, ttl.milliseconds))".bytes, description]
  }

  private func call(_ function: String, _ names: [[UInt8]]) -> [[UInt8]] {
    ["FCALL".bytes, function.bytes, "\(names.count)".bytes] + names
  }
}

extension String {
  fileprivate var bytes: [UInt8] { Array(utf8) }
}

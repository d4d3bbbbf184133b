/// What goes wrong between a ``RedisModel`` and its clients, all of it decided by the model's seed.
package struct RedisModelFaults: Sendable {
  /// How long a command, a reply or a message takes on its way, in milliseconds, where it does not
  /// arrive at once. Timers add up to 16 ms.
  package var delayMilliseconds = 0...20
  /// One way in so many takes that long; the others arrive at once.
  package var delayedOneIn = 4
  /// Pub/sub messages in a thousand that a subscriber never gets.
  package var lostPerThousand = 0
  /// Pub/sub messages in a thousand that a subscriber gets twice.
  package var doubledPerThousand = 0
  /// What every command is answered, such as `LOADING …`.
  package var refusal: String?
  /// What every publish is answered, such as `OOM …`.
  package var publishRefusal: String?

  /// Everything arrives, sooner or later.
  package init() {}
}

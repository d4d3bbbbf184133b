/// What a timer calls when its time has come.
public protocol TimerTarget: AnyObject {
  /// Called on the timer's loop, once for each schedule, at or up to one tick after its deadline.
  func timerFired()
}

/// Names one scheduled timer. A token of a timer that has fired or was cancelled names nothing,
/// and cancelling it does nothing.
public struct TimerToken: Sendable, Equatable {
  let entry: Int32
  let generation: UInt32

  /// Names no timer.
  public static let none = TimerToken(entry: -1, generation: 0)
}

/// A hashed timer wheel: 100,000 heartbeats cost an index operation each, and the loop one timer.
///
/// A slot holds every timer whose deadline falls on its tick, in this turn of the wheel or a later
/// one; a visit fires those that are due and leaves the others. Loop-confined.
struct TimerWheel {
  /// The wheel's grain. Deadlines are rounded up to it, so a timer is late by less than this.
  static let tickNanoseconds: UInt64 = 16_000_000
  private static let slotCount = 2048

  private struct Entry {
    var deadlineTick: UInt64
    var next: Int32
    var previous: Int32
    var generation: UInt32
    var target: (any TimerTarget)?
  }

  private var entries: [Entry] = []
  private var free: Int32 = -1
  private var slots = [Int32](repeating: -1, count: slotCount)
  /// One bit per slot: whether it holds a timer.
  private var occupied = [UInt64](repeating: 0, count: slotCount / 64)
  /// The last tick whose slot has been visited.
  private var visitedTick: UInt64
  private(set) var count = 0

  init(now: MonotonicInstant) {
    visitedTick = now.nanoseconds / Self.tickNanoseconds
  }

  mutating func schedule(at deadline: MonotonicInstant, _ target: any TimerTarget) -> TimerToken {
    let rounded =
      deadline.nanoseconds / Self.tickNanoseconds
      + (deadline.nanoseconds % Self.tickNanoseconds == 0 ? 0 : 1)
    let tick = max(rounded, visitedTick + 1)
    let index: Int32
    if free >= 0 {
      index = free
      free = entries[Int(index)].next
    } else {
      index = Int32(entries.count)
      entries.append(
        Entry(deadlineTick: 0, next: -1, previous: -1, generation: 0, target: nil))
    }
    let slot = Int(tick % UInt64(Self.slotCount))
    let head = slots[slot]
    entries[Int(index)].deadlineTick = tick
    entries[Int(index)].target = target
    entries[Int(index)].next = head
    entries[Int(index)].previous = -1
    if head >= 0 { entries[Int(head)].previous = index }
    slots[slot] = index
    occupied[slot / 64] |= 1 << UInt64(slot % 64)
    count += 1
    return TimerToken(entry: index, generation: entries[Int(index)].generation)
  }

  mutating func cancel(_ token: TimerToken) {
    guard token.entry >= 0, Int(token.entry) < entries.count,
      entries[Int(token.entry)].generation == token.generation,
      entries[Int(token.entry)].target != nil
    else { return }
    remove(token.entry)
  }

  /// The earliest instant at which ``due(at:)`` may name something.
  var nextDeadline: MonotonicInstant? {
    guard count > 0 else { return nil }
    // One pass over the bitmap, beginning at the slot after the last one visited.
    let first = Int((visitedTick + 1) % UInt64(Self.slotCount))
    let words = occupied.count
    for step in 0...words {
      let wordIndex = (first / 64 + step) % words
      var word = occupied[wordIndex]
      if step == 0 { word &= ~UInt64(0) << UInt64(first % 64) }
      if step == words { word &= (1 << UInt64(first % 64)) - 1 }
      guard word != 0 else { continue }
      let slot = wordIndex * 64 + word.trailingZeroBitCount
      let distance = (slot - first + Self.slotCount) % Self.slotCount
      let tick = visitedTick + 1 + UInt64(distance)
      return MonotonicInstant(nanoseconds: tick * Self.tickNanoseconds)
    }
    return nil
  }

  /// Moves the wheel to `now` and names every timer that is due, earliest first. Each must then be
  /// offered to ``take(_:)``: a timer fired earlier in the same pass may have cancelled it.
  mutating func due(at now: MonotonicInstant) -> [TimerToken] {
    let nowTick = now.nanoseconds / Self.tickNanoseconds
    guard nowTick > visitedTick else { return [] }
    guard count > 0 else {
      visitedTick = nowTick
      return []
    }
    var due: [(tick: UInt64, token: TimerToken)] = []
    let visits = min(nowTick - visitedTick, UInt64(Self.slotCount))
    for step in 1...visits {
      var index = slots[Int((visitedTick + step) % UInt64(Self.slotCount))]
      while index >= 0 {
        let entry = entries[Int(index)]
        if entry.deadlineTick <= nowTick {
          due.append(
            (entry.deadlineTick, TimerToken(entry: index, generation: entry.generation)))
        }
        index = entry.next
      }
    }
    visitedTick = nowTick
    due.sort { $0.tick < $1.tick }
    return due.map(\.token)
  }

  /// Takes a due timer off the wheel; `nil` when it was cancelled meanwhile.
  mutating func take(_ token: TimerToken) -> (any TimerTarget)? {
    let entry = entries[Int(token.entry)]
    guard entry.generation == token.generation, let target = entry.target else { return nil }
    remove(token.entry)
    return target
  }

  private mutating func remove(_ index: Int32) {
    let entry = entries[Int(index)]
    let slot = Int(entry.deadlineTick % UInt64(Self.slotCount))
    if entry.previous >= 0 {
      entries[Int(entry.previous)].next = entry.next
    } else {
      slots[slot] = entry.next
      if entry.next < 0 { occupied[slot / 64] &= ~(1 << UInt64(slot % 64)) }
    }
    if entry.next >= 0 { entries[Int(entry.next)].previous = entry.previous }
    entries[Int(index)].target = nil
    entries[Int(index)].generation &+= 1
    entries[Int(index)].next = free
    entries[Int(index)].previous = -1
    free = index
    count -= 1
  }
}

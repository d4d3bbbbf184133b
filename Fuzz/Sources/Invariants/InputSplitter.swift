/// Cuts inputs into reads at places that depend on nothing but a seed.
struct InputSplitter {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  /// A seed made from the input, so that a fuzzer's finding repeats.
  init(seed bytes: [UInt8]) {
    state = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// Where reads end, growing, the last one at `count`.
  mutating func ends(count: Int) -> [Int] {
    var ends: [Int] = []
    var end = 0
    while end < count {
      end = min(count, end + 1 + Int(next() % 40))
      ends.append(end)
    }
    return ends
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

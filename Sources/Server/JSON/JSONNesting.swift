/// Which objects and arrays are open, one bit each, so that depth costs no call stack and no
/// allocation.
struct JSONNesting {
  /// How deep objects and arrays may be nested. The bits of one integer; far more than people
  /// write, far less than what exhausts the stack of a recursive reader behind us.
  static let depthMax = UInt128.bitWidth

  /// The innermost container is bit 0. Set for an object, clear for an array.
  private var bits: UInt128 = 0
  private var depth: Int
  private let outerDepth: Int

  /// - Parameter outerDepth: the containers around the value that are not its own to close.
  init(outerDepth: Int) {
    self.depth = outerDepth
    self.outerDepth = outerDepth
  }

  var isEmpty: Bool { depth == outerDepth }
  var isFull: Bool { depth >= Self.depthMax }

  /// Whether the innermost open container is an object. Meaningless while empty.
  var isInObject: Bool { bits & 1 == 1 }

  /// Not to be called while full.
  mutating func open(object: Bool) {
    bits = bits << 1 | (object ? 1 : 0)
    depth += 1
  }

  /// Not to be called while empty.
  mutating func close() {
    bits >>= 1
    depth -= 1
  }
}

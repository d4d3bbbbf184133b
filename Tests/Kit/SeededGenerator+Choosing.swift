import FanfareRuntime

extension SeededGenerator {
  package mutating func int(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  package mutating func below(_ bound: Int) -> Int { int(0...(bound - 1)) }

  package mutating func isOne(in count: Int) -> Bool { below(count) == 0 }

  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[below(choices.count)]
  }

  package mutating func text(of alphabet: String, count: ClosedRange<Int>) -> String {
    let letters = Array(alphabet)
    return String((0..<int(count)).map { _ in pick(letters) })
  }

  package mutating func bytes(count: ClosedRange<Int>) -> [UInt8] {
    (0..<int(count)).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// `bytes` with one to four bytes changed, removed, doubled or put in.
  package mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    let favourites = Array("\r\n \t:;,%/?0\0aA\u{7f}".utf8)
    var result = bytes
    for _ in 0..<int(1...4) {
      let index = int(0...max(0, result.count - 1))
      switch int(0...3) {
      case 0 where !result.isEmpty: result[index] = UInt8(truncatingIfNeeded: next())
      case 1 where !result.isEmpty: result.remove(at: index)
      case 2 where !result.isEmpty:
        let end = min(result.count, index + int(1...12))
        result.insert(contentsOf: result[index..<end], at: index)
      default: result.insert(pick(favourites), at: min(index, result.count))
      }
    }
    return result
  }
}

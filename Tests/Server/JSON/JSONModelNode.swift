/// A JSON value with everything in it and where it lies, as a plain tree.
struct JSONModelNode: Equatable {
  indirect enum Content: Equatable {
    case string(String)
    case number(String)
    case word(String)
    case object([Member])
    case array([JSONModelNode])
  }

  struct Member: Equatable {
    let key: String
    let value: JSONModelNode
  }

  let range: Range<Int>
  let content: Content
}

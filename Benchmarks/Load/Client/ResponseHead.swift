/// The head of an HTTP/1.1 answer, as far as a load test cares.
struct ResponseHead {
  let status: Int
  /// The bytes of the body; 0 where the head does not say.
  private(set) var contentLength = 0
  /// The bytes of the head with its empty line.
  let bytes: Int

  /// `nil` while the head is not complete. A malformed one has the status 0.
  init?(_ input: Span<UInt8>) {
    var text: [UInt8] = []
    var end = 0
    while end + 3 < input.count {
      if input[end] == 13, input[end + 1] == 10, input[end + 2] == 13, input[end + 3] == 10 {
        break
      }
      text.append(input[end])
      end += 1
    }
    guard end + 3 < input.count else { return nil }
    bytes = end + 4
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\r\n")
    let words = lines.first?.split(separator: " ") ?? []
    status = words.count > 1 ? Int(words[1]) ?? 0 : 0
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
      contentLength = Int(parts[1].drop { $0 == " " }) ?? 0
    }
  }
}

/// An error reply.
struct RedisModelRefusal: Error {
  let text: String

  init(_ text: String) {
    self.text = text
  }
}

import Testing

@testable import FanfareServer

struct JSONFieldsTests {
  @Test func findsMembersByNameAndKind() throws {
    let text =
      #"{"s":"a\u0041","i":-3,"o":{"x":[1]},"a":[ "x" , "y,]" ],"e":[ ],"b":[{"n":1},{"n":2}]}"#
    let fields = try #require(JSONFields(Array(text.utf8)))
    #expect(fields.string("s") == "aA")
    #expect(fields.string("i") == nil)
    #expect(fields.int("i") == -3)
    #expect(fields.raw("o") == Array(#"{"x":[1]}"#.utf8))
    #expect(fields.strings("a") == ["x", "y,]"])
    #expect(fields.strings("e") == [])
    #expect(fields.strings("b") == nil)
    #expect(fields.objects("b")?.map { $0.int("n") } == [1, 2])
    #expect(fields.objects("a") == nil)
    #expect(fields.objects("missing") == nil)
  }

  @Test(arguments: ["", "1", "[]", "{", #"{"a":1}{"#])
  func isNilForAnythingElse(text: String) {
    #expect(JSONFields(Array(text.utf8)) == nil)
  }
}

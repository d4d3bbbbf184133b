import FanfareActors
import FanfarePages

/// Serves the live page at `/`, the page of jobs at `/jobs`, and the browser client.
enum PagesAPI {
  /// The page runs its own files alone, asks this server alone, and stands in no other page.
  private static let contentPolicy = """
    default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    """

  private static let tags = Dictionary(
    uniqueKeysWithValues: PageFile.allCases.map { file in
      (file, #""\#(String(StableHash.of(file.bytes), radix: 16))""#)
    })

  /// The file, or 304 where the client holds it already. A browser asks every time, so that a new
  /// server is never met by an old page.
  static func answer(_ file: PageFile, to head: RequestHead) -> Response {
    let tag = tags[file] ?? ""
    var fields = [
      HeaderField("ETag", tag), HeaderField("Cache-Control", "no-cache"),
      HeaderField("X-Content-Type-Options", "nosniff"),
      HeaderField("Referrer-Policy", "no-referrer"),
    ]
    if file.isPage { fields.append(HeaderField("Content-Security-Policy", contentPolicy)) }
    // Programs that ask for the same path get JSON.
    if file == .jobs { fields.append(HeaderField("Vary", "Accept")) }
    guard !holds(tag, head) else {
      var response = Response(status: 304, fields: fields)
      response.hasLength = false
      return response
    }
    fields.append(HeaderField("Content-Type", file.contentType))
    return Response(status: 200, fields: fields, body: file.bytes)
  }

  /// Whether `If-None-Match` names `tag`, compared weakly (RFC 9110 section 13.1.2).
  private static func holds(_ tag: String, _ head: RequestHead) -> Bool {
    head.values("if-none-match").contains { value in
      value.split(separator: ",").contains { member in
        var named = member.drop { $0 == " " || $0 == "\t" }
        while named.last == " " || named.last == "\t" { named.removeLast() }
        return named == "*" || named == tag || named == "W/\(tag)"
      }
    }
  }
}

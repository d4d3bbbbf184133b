/// Keeps foreign web pages out: which `Host`, `Origin` and `Sec-Fetch-Site` a request may carry.
///
/// A page from elsewhere can make a browser send requests here; the browser says so in `Origin` and
/// `Sec-Fetch-Site`, which a page cannot forge. A page whose own name was made to resolve to this
/// server's address (DNS rebinding) looks like the same origin, but names a `Host` that is not
/// listed. Requests of other programs carry none of the two fields and are not the policy's matter.
struct OriginPolicy: Sendable, Equatable {
  /// What is said of a request.
  enum Decision: Sendable, Equatable {
    /// Serve it. `corsOrigin` is the listed foreign origin that may read the answer, if any.
    case allowed(corsOrigin: String?)
    /// Answer 403 with that sentence.
    case refused(detail: String)
  }

  /// Foreign origins that may use the server.
  let allowedOrigins: [String]

  /// Hosts that the server is known by, besides the loopback names.
  let allowedHosts: [HostAuthority]

  /// The ports that the server listens on: known only when it does, if any free one was asked for.
  var listenPorts: [Int]

  /// Checks `Host` also where neither `Origin` nor `Sec-Fetch-Site` is sent.
  let checksHostAlways: Bool

  private static let loopbackNames = ["localhost", "127.0.0.1", "[::1]"]

  /// - Parameters:
  ///   - allowedOrigins: serialised origins (`https://app.example`), or `null`. No wildcards.
  ///   - allowedHosts: `host`, which stands for itself without a port, with 80, 443 or a port of
  ///     `listenPorts`; or `host:port`, which stands for just that.
  ///   - checksHostAlways: true where no token protects the server.
  init(
    allowedOrigins: [String], allowedHosts: [String], listenPorts: [Int], checksHostAlways: Bool
  ) throws(OriginPolicyDefect) {
    for origin in allowedOrigins where origin != "null" {
      guard let parsed = SerializedOrigin(origin), !origin.contains("*") else {
        throw OriginPolicyDefect(
          entry: origin, allowed: "scheme://host[:port] without a path or wildcard, or null")
      }
      guard parsed.canonical == origin else {
        throw OriginPolicyDefect(entry: origin, allowed: parsed.canonical)
      }
    }
    var hosts: [HostAuthority] = []
    for text in allowedHosts {
      guard let host = HostAuthority(text), !text.contains("*") else {
        throw OriginPolicyDefect(entry: text, allowed: "host or host:port without a wildcard")
      }
      hosts.append(host)
    }
    self.allowedOrigins = allowedOrigins
    self.allowedHosts = hosts
    self.listenPorts = listenPorts
    self.checksHostAlways = checksHostAlways
  }

  /// Judges a request by its head alone.
  func decide(_ head: RequestHead) -> Decision {
    let origins = head.values("origin")
    let sites = head.values("sec-fetch-site")
    let isFromPage = !origins.isEmpty || !sites.isEmpty
    if isFromPage || checksHostAlways {
      guard let host = head.authority, isListed(host) else {
        return .refused(
          detail: "The Host is not one this server is known by; list it in the allowed hosts.")
      }
    }
    guard isFromPage else { return .allowed(corsOrigin: nil) }
    guard origins.count <= 1, sites.count <= 1 else {
      return .refused(detail: "Send Origin and Sec-Fetch-Site at most once each.")
    }
    if let origin = origins.first, allowedOrigins.contains(origin) {
      return .allowed(corsOrigin: origin)
    }
    if let origin = origins.first, !isSameOrigin(origin, head) {
      return .refused(detail: "Pages of this Origin may not use the server unless it is listed.")
    }
    if let site = sites.first, site != "same-origin", site != "none", !isVisit(head) {
      return .refused(detail: "Pages of other sites may not use the server unless listed.")
    }
    return .allowed(corsOrigin: nil)
  }

  /// The fields that answer a CORS preflight of a listed origin, with 204 and no body; nil if the
  /// request is no preflight or its origin is not listed.
  func preflight(_ head: RequestHead) -> [HeaderField]? {
    guard head.method == .options, head.contains("access-control-request-method"),
      case .allowed(let corsOrigin?) = decide(head)
    else { return nil }
    return [
      HeaderField("Access-Control-Allow-Origin", corsOrigin),
      HeaderField("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE"),
      HeaderField(
        "Access-Control-Allow-Headers",
        "content-type, last-event-id, idempotency-key, authorization, accept, cache-control"),
      HeaderField("Access-Control-Allow-Credentials", "true"),
      HeaderField("Access-Control-Max-Age", "600"),
      HeaderField("Vary", "Origin"),
    ]
  }

  /// The fields that every answer needs, given the origin that ``decide(_:)`` allowed.
  func responseFields(corsOrigin: String?) -> [HeaderField] {
    // Answers differ by Origin as soon as one is listed, so caches must know it even here.
    let vary = allowedOrigins.isEmpty ? [] : [HeaderField("Vary", "Origin")]
    guard let corsOrigin else { return vary }
    return [
      HeaderField("Access-Control-Allow-Origin", corsOrigin),
      HeaderField("Access-Control-Allow-Credentials", "true"),
      HeaderField("Access-Control-Expose-Headers", "retry-after, location"),
    ] + vary
  }

  /// Whether somebody follows a link to one of the pages from elsewhere. They hold no data, act on
  /// nothing in their address without asking their own server, and stand in no frame.
  private func isVisit(_ head: RequestHead) -> Bool {
    (head.method == .get || head.method == .head)
      && (head.target.path == "/" || head.target.path == "/jobs" && AcceptHeader.prefersPage(head))
      && !head.contains("origin") && head.values("sec-fetch-mode") == ["navigate"]
      && head.values("sec-fetch-dest") == ["document"]
  }

  private func isListed(_ host: HostAuthority) -> Bool {
    if OriginPolicy.loopbackNames.contains(host.host) { return true }
    return allowedHosts.contains { listed in
      guard listed.host == host.host else { return false }
      guard let wanted = listed.port else {
        return host.port.map { [80, 443].contains($0) || listenPorts.contains($0) } ?? true
      }
      return wanted == host.port
    }
  }

  private func isSameOrigin(_ text: String, _ head: RequestHead) -> Bool {
    guard let origin = SerializedOrigin(text), let host = head.authority else { return false }
    return origin.isSame(as: host)
  }
}

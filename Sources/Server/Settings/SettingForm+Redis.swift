import FanfareBackplane

extension SettingForm where Value == RedisURL {
  /// A Redis by its URL, whose password is not shown.
  static var redisURL: SettingForm {
    let hide: @Sendable (SettingText) -> SettingText = { text in
      if let url = try? RedisURL(text.line) { return .one(url.description) }
      // Where it is written wrongly, anything in it may be the password.
      let scheme = ["redis://", "rediss://"].first { text.line.hasPrefix($0) } ?? ""
      return .one("\(scheme)…")
    }
    return SettingForm(
      allowed: "redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE], like redis://127.0.0.1:6379/0",
      read: { (text) throws(SettingRefusal) in
        let shown = hide(text).line
        guard case .one(let one) = text else { throw SettingRefusal(value: shown) }
        do throws(RedisURL.Fault) {
          return try RedisURL(one)
        } catch {
          switch error {
          case .malformed: throw SettingRefusal(value: shown)
          case .needsTLS:
            throw SettingRefusal(
              value: shown, problem: "needs TLS, which Debian's hiredis cannot do")
          }
        }
      },
      write: { .one($0.textWithPassword) }, hide: hide)
  }
}

extension SettingForm where Value == String {
  /// What names in Redis begin with.
  static var redisPrefix: SettingForm {
    .one("1 to 64 of the characters A-Z a-z 0-9 _ . : / { } -") { text in
      let isName = text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "_.:/{}-".utf8.contains(byte)
        }
      }
      return isName && (1...64).contains(text.utf8.count) ? text : nil
    } write: {
      $0
    }
  }
}

extension SettingForm where Value == ListenAddress {
  /// An address to listen on.
  static var listenAddress: SettingForm {
    .one(
      "HOST:PORT with an IP address or localhost, like 127.0.0.1:8080, [::1]:8080 or localhost:0",
      read: { ListenAddress($0) }, write: \.description)
  }
}

extension SettingForm where Value == LoopCount {
  /// A number of event loops.
  static var loopCount: SettingForm {
    .one("auto or a whole number from 1 to \(LoopCount.max)") { text in
      if text == "auto" { return .auto }
      guard let count = DecimalDigits.value(of: text, max: LoopCount.max), count > 0 else {
        return nil
      }
      return .exactly(count)
    } write: { loops in
      switch loops {
      case .auto: "auto"
      case .exactly(let count): "\(count)"
      }
    }
  }
}

extension SettingForm where Value == [String] {
  /// Origins as a browser serialises them (RFC 6454 section 6.1), since they are compared as text.
  static var origins: SettingForm {
    .list("a list of origins like https://app.example.com: lower case, no path, no default port") {
      WebName.isOrigin($0)
    }
  }

  /// What a `Host` field may give.
  static var hosts: SettingForm {
    .list("a list of HOST or HOST:PORT like fanfare.example.com: lower case, IPv6 in brackets") {
      WebName.isAuthority($0)
    }
  }

  /// A list of which every entry is allowed.
  static func list(
    _ allowed: String, entry isAllowed: @escaping @Sendable (String) -> Bool
  ) -> SettingForm {
    SettingForm(
      allowed: allowed, isList: true,
      read: { (text) throws(SettingRefusal) in
        guard case .many(let entries) = text else { throw SettingRefusal(value: text.line) }
        for entry in entries where !isAllowed(entry) { throw SettingRefusal(value: entry) }
        return entries
      },
      write: { .many($0) })
  }
}

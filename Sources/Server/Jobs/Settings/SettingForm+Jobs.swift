import FanfareActors
import FanfareRuntime

extension SettingForm where Value == JobsSettings.Store {
  /// What keeps jobs.
  static var jobStore: SettingForm {
    let choice = SettingForm.choice()
    var form = choice
    form.read = { (text) throws(SettingRefusal) in
      if text == .one("redis") {
        throw SettingRefusal(value: "redis", problem: "keeps no jobs in this version yet")
      }
      return try choice.read(text)
    }
    return form
  }
}

extension SettingForm {
  /// A value that need not be there.
  static func orNone<Wrapped>(_ form: SettingForm<Wrapped>) -> SettingForm
  where Value == Wrapped? {
    SettingForm(
      allowed: "none, or " + form.allowed,
      read: { (text) throws(SettingRefusal) in
        if text == .one("none") { return nil }
        return try form.read(text)
      },
      write: { $0.map(form.write) ?? .one("none") })
  }
}

extension SettingForm where Value == RateBudget.Rate {
  private static var units: [(name: String, period: Duration)] {
    [
      ("s", .seconds(1)), ("min", .seconds(60)), ("h", .seconds(3_600)), ("d", .seconds(86_400)),
    ]
  }

  /// So many in a time.
  static var rate: SettingForm {
    .one("a whole number up to 1000000000 per s, min, h or d, like 500/min") { text in
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let unit = units.first(where: { $0.name == parts[1] }),
        let amount = DecimalDigits.value(of: parts[0], max: 1_000_000_000), amount > 0
      else { return nil }
      return RateBudget.Rate(amount: amount, per: unit.period)
    } write: { rate in
      let unit = units.first { $0.period == rate.period }?.name ?? "\(rate.period)"
      return "\(rate.amount)/\(unit)"
    }
  }
}

extension SettingForm where Value == String {
  /// The name of a queue.
  static var queue: SettingForm {
    .one("the name of a queue") {
      QueueName($0)?.text
    } write: {
      $0
    }
  }

  /// The path of a file.
  static var filePath: SettingForm {
    .one("a path of 1 to 1024 bytes") { text in
      (1...1_024).contains(text.utf8.count) && !text.utf8.contains(0) ? text : nil
    } write: {
      $0
    }
  }

  /// What lines are compared with; nothing where none is.
  static var pattern: SettingForm {
    .one("a regular expression, or nothing") { text in
      (try? Regex(text)) == nil ? nil : text
    } write: {
      $0
    }
  }
}

extension SettingForm where Value == [String] {
  /// A program with its arguments.
  static var exec: SettingForm {
    list("a list of a program and its arguments, like [git, clone, \"{url}\"]") {
      !$0.utf8.contains(0)
    }
  }

  /// What of the environment a program gets.
  static var environment: SettingForm {
    list("a list of NAME or NAME=value") { entry in
      let name = entry.prefix { $0 != "=" }
      return !name.isEmpty && !entry.utf8.contains(0)
        && name.utf8.allSatisfy { byte in
          switch byte {
          case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
          default: false
          }
        }
    }
  }
}

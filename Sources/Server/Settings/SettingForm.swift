/// One way to write a kind of value: what it may be, how it is read and how it is written.
///
/// What `write` makes of a value that is allowed, `read` takes back as the same value. A value that
/// does not survive that is therefore not allowed, which is how ``Settings/validate()`` checks
/// values that never were text.
struct SettingForm<Value: Sendable & Equatable>: Sendable {
  /// What may be written, as the object of "allowed: ".
  var allowed: String

  /// Whether the value is a list.
  var isList = false

  /// The value of a text.
  var read: @Sendable (SettingText) throws(SettingRefusal) -> Value

  /// The text of a value, in its shortest form.
  var write: @Sendable (Value) -> SettingText

  /// A text as people may see it, where that is not the text itself: without a password.
  var hide: (@Sendable (SettingText) -> SettingText)?

  /// The refusal of a value, or nil if it is allowed.
  func refusal(of value: Value) -> SettingRefusal? {
    let text = write(value)
    do {
      return try read(text) == value ? nil : SettingRefusal(value: (hide?(text) ?? text).line)
    } catch {
      return error
    }
  }
}

extension SettingForm {
  /// A single value.
  static func one(
    _ allowed: String, read: @escaping @Sendable (String) -> Value?,
    write: @escaping @Sendable (Value) -> String
  ) -> SettingForm {
    SettingForm(
      allowed: allowed,
      read: { (text) throws(SettingRefusal) in
        guard case .one(let one) = text, let value = read(one) else {
          throw SettingRefusal(value: text.line)
        }
        return value
      },
      write: { .one(write($0)) })
  }
}

extension SettingForm where Value == Int {
  /// How many of something.
  static func count(_ range: ClosedRange<Int>) -> SettingForm {
    .one("a whole number from \(range.lowerBound) to \(range.upperBound)") {
      DecimalDigits.value(of: $0, max: range.upperBound).flatMap { range.contains($0) ? $0 : nil }
    } write: {
      "\($0)"
    }
  }

  /// A number of bytes, plain or with a binary unit.
  static func bytes(_ range: ClosedRange<Int>) -> SettingForm {
    let bounds = "\(ByteText.text(range.lowerBound)) to \(ByteText.text(range.upperBound))"
    return .one("a size from \(bounds), in bytes or with KiB, MiB or GiB") {
      ByteText.bytes($0).flatMap { range.contains($0) ? $0 : nil }
    } write: {
      ByteText.text($0)
    }
  }
}

extension SettingForm where Value == Duration {
  /// A time span in whole milliseconds.
  static func duration(_ range: ClosedRange<Duration>) -> SettingForm {
    let bounds =
      "\(DurationText.text(range.lowerBound)) to \(DurationText.text(range.upperBound))"
    return .one("a duration from \(bounds), with ms, s, m, h or d") {
      DurationText.duration($0).flatMap { range.contains($0) ? $0 : nil }
    } write: {
      DurationText.text($0)
    }
  }
}

extension SettingForm where Value == Bool {
  /// Yes or no.
  static var toggle: SettingForm {
    .one("true or false", read: Bool.init, write: \.description)
  }
}

extension SettingForm
where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of a few names.
  static func choice() -> SettingForm {
    let names = Value.allCases.map(\.rawValue)
    return SettingForm(
      allowed: names.count > 1
        ? names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        : names.joined(),
      read: { (text) throws(SettingRefusal) in
        if case .one(let name) = text, let value = Value(rawValue: name) { return value }
        throw SettingRefusal(value: text.line)
      },
      write: { .one($0.rawValue) })
  }
}

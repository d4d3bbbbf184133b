/// Why a text is not a value of its setting.
struct SettingRefusal: Error, Equatable {
  /// What is refused: the whole text, or one entry of a list.
  var value: String

  /// What is wrong with it, as the end of a sentence that begins with the value.
  var problem = "is not allowed"
}

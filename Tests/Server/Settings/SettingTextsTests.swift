import Testing

@testable import FanfareServer

@Suite struct SettingTextsTests {
  @Test(arguments: [
    ("0s", 0), ("250ms", 250), ("1500ms", 1500), ("15s", 15_000), ("90s", 90_000),
    ("10m", 600_000), ("1h", 3_600_000), ("7d", 604_800_000),
  ])
  func durations(text: String, milliseconds: Int) {
    #expect(DurationText.duration(text) == .milliseconds(milliseconds))
    #expect(DurationText.text(.milliseconds(milliseconds)) == text)
  }

  @Test(arguments: [
    "", "s", "15", "-1s", "+1s", " 1s", "1s ", "1 s", "1.5s", "1S", "1min", "1_0s", "0x1s", "1h30m",
    "99999999999999999999s", "9223372036854775807d", "１s",
  ])
  func notDurations(text: String) {
    #expect(DurationText.duration(text) == nil)
  }

  @Test(arguments: [
    ("0", 0), ("1", 1), ("65535", 65_535), ("1KiB", 1024), ("64KiB", 65_536), ("1025", 1025),
    ("1MiB", 1 << 20), ("1GiB", 1 << 30), ("1025KiB", 1025 << 10), ("1024GiB", 1 << 40),
  ])
  func sizes(text: String, bytes: Int) {
    #expect(ByteText.bytes(text) == bytes)
    #expect(ByteText.text(bytes) == text)
  }

  @Test(arguments: [
    "", "KiB", "64k", "64kB", "64KB", "64 KiB", "64kib", "-1", "+1", "1.5MiB", "1_000",
    "9223372036854775808", "8589934592GiB",
  ])
  func notSizes(text: String) {
    #expect(ByteText.bytes(text) == nil)
  }

  @Test func largestNumbers() {
    #expect(ByteText.bytes("9223372036854775807") == .max)
    #expect(DecimalDigits.value(of: "64", max: 64) == 64)
    #expect(DecimalDigits.value(of: "65", max: 64) == nil)
    #expect(DecimalDigits.value(of: "007", max: 64) == 7)
  }
}

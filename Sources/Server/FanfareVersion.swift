/// The version of Fanfare.
public enum FanfareVersion {
  /// Three numbers (semver.org), as `fanfare version` prints them.
  public static let text = "0.1.0"
}

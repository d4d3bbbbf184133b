import FanfareActors

/// The check characters of an epoch, computed as the functions do.
enum RedisModelCheck {
  static func characters(_ channel: ChannelName) -> String {
    let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz")
    let hash = channel.text.utf8.reduce(0) { ($0 * 37 + Int($1)) % 1296 }
    return String([digits[hash / 36], digits[hash % 36]])
  }
}

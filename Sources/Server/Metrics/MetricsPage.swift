import FanfareActors
import FanfareRuntime

/// The page at `/metrics` (CONTRACT section 9).
struct MetricsPage {
  var hub: HubMetrics
  let health: BackplaneHealth
  /// `nil` without Redis.
  let redis: RedisCounts?
  /// `nil` without jobs.
  let jobs: JobsMetrics?
  var site: SiteMetrics
  let namespaces: [String]
  let peak: Int
  let busyRatios: [Double]
  let process: ProcessStatistics
  let startSeconds: Double

  func text() -> String {
    var text = PrometheusText()
    writeConnections(&text)
    writeEvents(&text)
    writeFollowers(&text)
    writeNode(&text)
    return text.text
  }

  private func writeConnections(_ text: inout PrometheusText) {
    text.begin("fanfare_connections", .gauge, "Connections open now.")
    for kind in ConnectionRecord.Kind.allCases {
      text.sample(
        "fanfare_connections", labels: [("transport", kind.name)],
        UInt64(clamping: site.open[kind.rawValue]))
    }
    text.single(
      "fanfare_connections_peak", .gauge, "The most connections open at once.",
      UInt64(clamping: peak))
    text.begin(
      "fanfare_connections_opened_total", .counter,
      "Connections opened; resumed ones brought a cursor.")
    for kind in ConnectionRecord.Kind.allCases {
      for (index, resumed) in ["false", "true"].enumerated() {
        text.sample(
          "fanfare_connections_opened_total",
          labels: [("transport", kind.name), ("resumed", resumed)],
          site.opened[kind.rawValue][index])
      }
    }
    text.histogram(
      "fanfare_connection_seconds", "How long connections lasted.", site.seconds)
    text.begin("fanfare_evictions_total", .counter, "Connections that the server ended.")
    for reason in EndReason.allCases where reason.isEviction {
      text.sample(
        "fanfare_evictions_total", labels: [("reason", reason.rawValue)], hub.evictions[reason] ?? 0
      )
    }
    text.begin("fanfare_errors_total", .counter, "Faults of peers and of the system.")
    for (key, count) in site.errors.counts.sorted(by: { $0.key < $1.key }) {
      text.sample(
        "fanfare_errors_total", labels: [("protocol", key.proto), ("reason", key.reason)], count)
    }
  }

  private func writeEvents(_ text: inout PrometheusText) {
    text.single("fanfare_channels", .gauge, "Channels open now.", hub.channels)
    text.begin("fanfare_events_published_total", .counter, "Events accepted.")
    writeNamespaces(&text, "fanfare_events_published_total", hub.published)
    text.begin("fanfare_deliveries_total", .counter, "Events handed to a socket or a caller.")
    for transport in Transport.allCases {
      text.sample(
        "fanfare_deliveries_total", labels: [("transport", transport.name)],
        hub.deliveries[transport.rawValue])
    }
    text.begin(
      "fanfare_events_dropped_total", .counter, "Events told missing to attached followers.")
    for (namespace, counts) in zip(namespaces, hub.dropped) {
      for reason in DropReason.allCases {
        text.sample(
          "fanfare_events_dropped_total",
          labels: [("namespace", namespace), ("reason", reason.name)], counts[reason.rawValue])
      }
    }
    text.begin(
      "fanfare_events_missed_on_attach_total", .counter, "Events told missing at attachment.")
    writeNamespaces(&text, "fanfare_events_missed_on_attach_total", hub.missedOnAttach)
    text.begin("fanfare_gaps_told_total", .counter, "Gaps told, at attachment and later.")
    writeNamespaces(&text, "fanfare_gaps_told_total", hub.gapsTold)
  }

  private func writeNamespaces(
    _ text: inout PrometheusText, _ name: String, _ counts: [UInt64]
  ) {
    for (namespace, count) in zip(namespaces, counts) {
      text.sample(name, labels: [("namespace", namespace)], count)
    }
  }

  private func writeFollowers(_ text: inout PrometheusText) {
    text.begin("fanfare_attachments_total", .counter, "Attachments by their verdict.")
    for (verdict, count) in hub.attachments.sorted(by: { $0.key < $1.key }) {
      text.sample("fanfare_attachments_total", labels: [("verdict", verdict)], count)
    }
    text.single(
      "fanfare_followers_behind", .gauge, "Followers that have not been given all there is.",
      hub.followersBehind)
    text.histogram(
      "fanfare_lag_events", "How far a follower was behind when its socket took bytes again.",
      hub.lagEvents)
    text.histogram(
      "fanfare_mailbox_depth", "Events in a mailbox when some are added.", hub.mailboxDepth)
    text.histogram(
      "fanfare_fanout_seconds", "From accepting an event to the last socket written.",
      hub.fanoutSeconds)
  }

  private func writeNode(_ text: inout PrometheusText) {
    text.single(
      "fanfare_backplane_up", .gauge, "Whether the backplane is proven to work.",
      health == .proven ? 1 : 0)
    text.begin(
      "fanfare_backplane_lag_seconds", .gauge,
      "How long the newest publish to a followed channel took through the backplane.")
    text.sample("fanfare_backplane_lag_seconds", hub.backplaneLagSeconds)
    redis?.write(to: &text)
    jobs?.write(to: &text)
    text.begin(
      "fanfare_loop_busy_ratio", .gauge, "The share of the last second in which a loop worked.")
    for (index, ratio) in busyRatios.enumerated() {
      text.sample("fanfare_loop_busy_ratio", labels: [("loop", "\(index)")], ratio)
    }
    text.begin("process_cpu_seconds_total", .counter, "User and system time.")
    text.sample("process_cpu_seconds_total", process.cpuSeconds)
    text.begin("process_start_time_seconds", .gauge, "When the process began, since 1970.")
    text.sample("process_start_time_seconds", startSeconds)
    for (name, help, value) in [
      ("process_resident_memory_bytes", "Resident memory.", process.residentBytes),
      ("process_virtual_memory_bytes", "Virtual memory.", process.virtualBytes),
      ("process_open_fds", "Descriptors open now.", process.openDescriptors),
      ("process_max_fds", "Descriptors that may be open at once.", process.descriptorsMax),
    ] {
      text.single(name, .gauge, help, UInt64(clamping: value))
    }
  }
}

import FanfareRuntime
import Foundation
import Glibc

/// nginx or HAProxy as a child process in front of a server, on a free port of the loopback
/// interface.
package final class ProxyProcess {
  package enum Kind: String, Sendable, CaseIterable {
    case nginx = "/usr/sbin/nginx"
    case haproxy = "/usr/sbin/haproxy"

    package var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: rawValue) }
  }

  package let port: UInt16
  private let process: Subprocess
  private let folder: URL

  /// - Parameters:
  ///   - upstream: the port of the server.
  ///   - rules: lines for HAProxy's frontend, or nginx' `location /`.
  package convenience init(_ kind: Kind, upstream: UInt16, rules: [String] = []) throws {
    try self.init(kind) { port, folder in
      switch kind {
      case .nginx: Self.nginx(port, upstream, folder, rules)
      case .haproxy: Self.haproxy(port, upstream, rules)
      }
    }
  }

  /// - Parameter configuration: the whole file, by the port to listen on and a folder of its own.
  package init(
    _ kind: Kind, configuration: (_ port: UInt16, _ folder: String) throws -> String
  ) throws {
    port = try Self.freePort()
    folder = FileManager.default.temporaryDirectory
      .appending(path: "fanfare-proxy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appending(path: "proxy.conf").path
    let text = try configuration(port, folder.path)
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let arguments =
      switch kind {
      case .nginx: ["-p", folder.path, "-c", file]
      case .haproxy: ["-f", file]
      }
    process = try Subprocess([kind.rawValue] + arguments)
    let deadline = Deadline()
    while (try? TestSocket(port: port)) == nil {
      guard process.isRunning, !deadline.hasPassed else {
        throw ClientFailure.closed("the start of \(kind.rawValue) with \(text)")
      }
      usleep(5_000)
    }
  }

  deinit { stop() }

  package func stop() {
    process.signal(SIGKILL)
    process.waitForEnding()
    try? FileManager.default.removeItem(at: folder)
  }

  /// All but the names is nginx' default: HTTP/1.0 upstream, and buffering. Only an upgrade has to
  /// be let through by name.
  private static func nginx(
    _ port: UInt16, _ upstream: UInt16, _ folder: String, _ rules: [String]
  ) -> String {
    """
    daemon off;
    master_process off;
    pid \(folder)/pid;
    error_log \(folder)/error.log;
    events {}
    http {
      access_log off;
      client_body_temp_path \(folder)/body;
      proxy_temp_path \(folder)/proxy;
      fastcgi_temp_path \(folder)/fastcgi;
      uwsgi_temp_path \(folder)/uwsgi;
      scgi_temp_path \(folder)/scgi;
      server {
        listen 127.0.0.1:\(port);
        location / {
          proxy_pass http://127.0.0.1:\(upstream);
          proxy_set_header Host $http_host;
          \(rules.joined(separator: "\n"))
        }
        location /ws {
          proxy_pass http://127.0.0.1:\(upstream);
          proxy_set_header Host $http_host;
          proxy_http_version 1.1;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection "upgrade";
        }
      }
    }

    """
  }

  private static func haproxy(_ port: UInt16, _ upstream: UInt16, _ rules: [String]) -> String {
    """
    defaults
      mode http
      timeout connect 5s
      timeout client 60s
      timeout server 60s
    frontend front
      bind 127.0.0.1:\(port)
      \(rules.joined(separator: "\n  "))
      default_backend back
    backend back
      server fanfare 127.0.0.1:\(upstream)

    """
  }

  /// A port that nobody listens on now.
  private static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ClientFailure.system("socket", errno) }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    guard code == 0 else { throw ClientFailure.system("bind", errno) }
    return UInt16(bigEndian: address.sin_port)
  }
}

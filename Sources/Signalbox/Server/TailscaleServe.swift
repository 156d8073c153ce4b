import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import Web

/// TAILSCALE_SERVE: a listener that `tailscale serve` has to itself, so that what it says of its visitors can be
/// believed. A port on 127.0.0.1, or the path of a Unix socket, which keeps the machine's other users out.
struct TailscaleServe {
    let place: Listener.Place

    /// nil when it isn't set.
    /// - Parameter mainPort: PORT, which others come in by.
    init?(_ setting: String?, mainPort: Int) throws {
        guard let setting else { return nil }
        guard Int(setting) != mainPort else {
            throw SettingsError(
                description:
                    "TAILSCALE_SERVE=\(setting) is PORT, where others come in; give serve a port of its own.")
        }
        if let port = Int(setting), (1...65_535).contains(port) {
            place = .address(host: "127.0.0.1", port: port)
        } else if setting.hasPrefix("/"), setting.utf8.count < 100 {
            guard !Self.isListening(setting) else {
                throw SettingsError(
                    description:
                        "Somebody listens on \(setting) already; set TAILSCALE_SERVE to a path of its own.")
            }
            place = .socket(path: setting)
        } else {
            throw SettingsError(
                description:
                    "TAILSCALE_SERVE is a port or the absolute path of a Unix socket below 100 characters, not \u{ab}\(setting)\u{bb}."
            )
        }
    }

    /// Whether somebody accepts connections there: that socket must not be taken away.
    private static func isListening(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    func listener(
        _ front: Front, group: MultiThreadedEventLoopGroup, logger: Logger
    ) -> some Service {
        ServeListener(
            listener: Listener(
                front: front, at: place, kind: .tailscaleServe, group: group, logger: logger,
                onListening: { _ in logger.info("Listening for tailscale serve on \(words)") }),
            words: words, logger: logger)
    }

    private var words: String {
        switch place {
        case .address(let host, let port): "http://\(host):\(port)"
        case .socket(let path): "unix:\(path)"
        }
    }
}

/// The relay runs without it when it can't be had.
private struct ServeListener: Service {
    let listener: Listener
    let words: String
    let logger: Logger

    func run() async throws {
        do { try await listener.run() } catch {
            logger.error("No listener for tailscale serve on \(words): \(error). Check TAILSCALE_SERVE.")
            try? await gracefulShutdown()
        }
    }
}

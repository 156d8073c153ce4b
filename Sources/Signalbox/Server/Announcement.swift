import Dashboard
import Foundation
import Logging
import NIOCore

/// What the server says once it listens: where to look, and what is missing.
struct Announcement: Sendable {
    let address: String
    let madeTokenPath: String?
    let isShut: Bool
    /// The network interface that people come in by without a token; nil when it isn't there.
    let tailnet: String?
    let links: LoginLinks
    let logger: Logger

    init(
        settings: ServerSettings, door: FrontDoor, isTailnetOpen: Bool, links: LoginLinks, logger: Logger
    ) {
        let host = settings["HOST"] ?? "127.0.0.1"
        address = host.contains(":") ? "[\(host)]" : host
        madeTokenPath = door.madeTokenPath
        isShut = door.isShut
        tailnet = isTailnetOpen ? settings["TAILSCALE_INTERFACE"] : nil
        self.links = links
        self.logger = logger
    }

    @Sendable func listening(_ bound: SocketAddress?) {
        let base = "http://\(address):\(bound?.port ?? 0)"
        logger.info("Listening on \(base)")
        if isShut {
            logger.warning(
                "The dashboard is off: no METRICS_TOKEN is set and the server listens beyond this machine. Set METRICS_TOKEN."
            )
        }
        if let tailnet {
            logger.info(
                "Who comes in by \(tailnet) sees the dashboard without a token; TAILSCALE_ALLOW lists fewer, TAILSCALE_INTERFACE=none nobody."
            )
        }
        // A one-time link in a log file would be a key under the mat; on a terminal only its reader sees it.
        guard isatty(STDOUT_FILENO) == 1 else { return }
        print("\n  Signalbox is running at \(base)")
        if isShut {
            print("  Dashboard: off; set METRICS_TOKEN.\n")
            return
        }
        print("  Dashboard: \(base)/admin/login?code=\(links.issue())")
        print("             (works once within 15 minutes)")
        if let madeTokenPath { print("  Token:     in \(madeTokenPath)") }
        print("  Traffic to look at: make demo\n")
    }
}

import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Web

/// A second listener on this machine's address in a tailnet, TAILSCALE_HOST and TAILSCALE_PORT. The server runs
/// without it when it can't be had: the tailnet may come up later than the server, or never.
struct TailnetListener: Service {
    private let listener: Listener
    private let address: String
    private let logger: Logger

    /// nil when there is no tailnet address, it is off, or the main listener has it already.
    init?(_ settings: ServerSettings, front: Front, group: MultiThreadedEventLoopGroup, logger: Logger) {
        let port = settings["TAILSCALE_PORT"].flatMap { Int($0) } ?? settings.integer("PORT")
        let main = settings["HOST"] ?? "127.0.0.1"
        guard let host = Self.host(settings["TAILSCALE_HOST"], interface: settings["TAILSCALE_INTERFACE"])
        else { return nil }
        let coversAll = ["0.0.0.0", "::", host].contains(main)
        if coversAll && port == settings.integer("PORT") { return nil }
        let address = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        self.address = address
        self.logger = logger
        listener = Listener(
            front: front, at: .address(host: host, port: port), group: group, logger: logger,
            onListening: { _ in logger.info("Listening on http://\(address) for the tailnet") })
    }

    private static func host(_ setting: String?, interface: String?) -> String? {
        if let setting { return setting.lowercased() == "off" ? nil : setting }
        guard let tailnet = AddressRange("100.64.0.0/10"), let devices = try? System.enumerateDevices() else {
            return nil
        }
        return devices.lazy.filter { $0.name == interface }.compactMap(\.address?.ipAddress).first {
            IPAddress($0).map(tailnet.contains) == true
        }
    }

    func run() async throws {
        do { try await listener.run() } catch {
            logger.warning(
                "No listener for the tailnet on \(address): \(error). Set TAILSCALE_HOST=off to do without.")
            try? await gracefulShutdown()
        }
    }
}

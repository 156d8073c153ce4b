import Dashboard
import Foundation
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Relay
import SQLite
import ServiceLifecycle
import SignalboxMetrics
import Web

/// Puts the parts together and runs them. The only place that knows all of them.
struct Server {
    let settings: ServerSettings
    let logger: Logger

    func run() async throws {
        raiseDescriptorLimit()
        // A client that went away must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let clock = WallClock.system
        let directory = try DataDirectory(path: settings["DATA_DIR"] ?? "./data")
        var retention = Store.Retention()
        retention.minutes = Int64(settings.integer("METRICS_HISTORY_RETENTION_MINUTES"))
        retention.hours = Int64(settings.integer("METRICS_HOURLY_HISTORY_MAX"))
        let ((database, store), setAside) = try openStore(directory, retention, now: clock.now())

        let threads = settings["THREADS"].flatMap { Int($0) } ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let limits = roomLimits()
        let connections = ConnectionGauge()
        var rooms: Rooms?
        let metrics = Metrics(
            store: store, countersPath: settings["COUNTERS_PATH"] ?? directory.defaultCountersPath,
            sources: { meter in
                let made = Rooms(limits: limits, meter: meter, clock: clock)
                rooms = made
                return [made.gauges, connections]
            }, now: clock.now(), logger: logger)
        guard let rooms else { throw SettingsError(description: "The rooms could not be set up.") }
        if setAside != nil { metrics.meter.add(.storeSetAside) }

        let publicFiles = try PublicFiles(setting: settings["PUBLIC_DIR"])
        let templates = try Templates(directory: publicFiles.templates)
        let door = try FrontDoor(settings: settings, directory: directory)
        let links = LoginLinks(clock: clock.now)
        let gate = try Gate(
            keys: door.keys, database: database, links: links, hosts: door.hosts, isPublicHTTPS: door.isHTTPS,
            meter: metrics.meter, templates: templates, clock: clock.now)

        let router = ColdRouter(context: FrontContext.self)
        RoomRoutes(rooms: rooms).add(to: router)
        DashboardRoutes(
            metrics: metrics, gate: gate, templates: templates,
            files: try StaticFiles(directory: URL(filePath: publicFiles.assets)),
            settings: .init(
                version: BuildVersion(SignalboxCommand.version),
                recentHistoryMax: settings.integer("METRICS_RECENT_HISTORY_MAX"), retention: retention,
                clock: clock.now)
        ).add(to: router)

        let front = Front(
            meter: metrics.meter, proxies: try trustedProxies(), hot: HotRoutes(rooms: rooms),
            cold: HummingbirdSide(responder: router.buildResponder(), logger: logger),
            eventLoops: Array(group.makeIterator()))
        connections.watch(front)
        let announcement = Announcement(settings: settings, door: door, links: links, logger: logger)
        let listener = Listener(
            front: front, host: settings["HOST"] ?? "127.0.0.1", port: settings.integer("PORT"), group: group,
            logger: logger, onListening: announcement.listening)

        // Shut down in reverse: first the listener, so that the last sample holds everything.
        let services: [any Service] = [
            Sampler(metrics: metrics, clock: clock), Janitor(rooms: rooms), listener,
        ]
        let running = ServiceGroup(
            configuration: .init(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger)))
        do {
            try await running.run()
        } catch let error as IOError {
            throw SettingsError(description: bindFailure(error))
        } catch is SocketAddressError.UnknownHost {
            throw SettingsError(
                description:
                    "HOST «\(settings["HOST"] ?? "")» is no address or name of this machine; e.g. 127.0.0.1.")
        }
        // The lock on DATA_DIR is held until here.
        withExtendedLifetime(directory) { logger.info("Stopped.") }
    }

    private func openStore(
        _ directory: DataDirectory, _ retention: Store.Retention, now: Int64
    ) throws -> ((Database, Store), Database.SetAside?) {
        let (opened, setAside) = try Database.open(path: directory.databasePath) { database in
            try Gate.prepare(database)
            return (database, try Store(database: database, retention: retention, now: now))
        }
        if let setAside {
            logger.critical(
                "The metrics store could not be read and was moved aside; history starts anew.",
                metadata: ["moved_to": "\(setAside.movedTo)", "why": "\(setAside.reason)"])
        }
        return (opened, setAside)
    }

    private func roomLimits() -> RoomLimits {
        var limits = RoomLimits()
        limits.roomsMax = settings.integer("ROOMS_MAX")
        limits.graceSeconds = settings.integer("ROOM_GRACE_SECONDS")
        limits.recentMax = settings.integer("RECENT_MAX")
        limits.recentSeconds = settings.integer("RECENT_TTL_SECONDS")
        limits.messageBytesMax = settings.integer("MAX_MESSAGE_BYTES")
        limits.bufferBytesMax = settings.integer("ROOM_GLOBAL_MAX_BYTES")
        limits.roomBurst = settings.integer("ROOM_RL_CAP")
        limits.roomRefillPerSecond = settings.number("ROOM_RL_REFILL_PER_SEC")
        limits.clientBurst = settings.integer("GLOBAL_RL_CAP")
        limits.clientRefillPerSecond = settings.number("GLOBAL_RL_REFILL_PER_SEC")
        limits.streamsPerClient = settings.integer("STREAM_CAP_PER_IP")
        limits.waitersPerClient = settings.integer("WAITER_CAP_PER_IP")
        limits.waitersPerRoom = settings.integer("ROOM_WAITERS_MAX")
        limits.streamBufferBytes = settings.integer("STREAM_BUFFER_MAX_BYTES")
        limits.socketMessageBytes = settings.integer("WS_MAX_FRAME_BYTES")
        return limits
    }

    private func trustedProxies() throws -> TrustedProxies {
        let value = settings["TRUST_PROXY"] ?? "loopback"
        guard let proxies = TrustedProxies(value) else {
            throw SettingsError(
                description:
                    "TRUST_PROXY can't be read; give a number of hops, loopback, linklocal, uniquelocal or CIDR ranges."
            )
        }
        return proxies
    }

    private func bindFailure(_ error: IOError) -> String {
        let address = "\(settings["HOST"] ?? ""):\(settings["PORT"] ?? "")"
        return error.errnoCode == EADDRINUSE
            ? "\(address) is in use already; stop what listens there or set PORT."
            : "Can't listen on \(address): \(error). Check HOST and PORT."
    }

    /// Streams are descriptors: take as many as the system gives.
    private func raiseDescriptorLimit() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        if setrlimit(resource, &limit) != 0 { logger.notice("The descriptor limit could not be raised.") }
    }

    private func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

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
import Site
import Web

/// Puts the parts together and runs them. The only place that knows all of them.
struct Server {
    let settings: ServerSettings
    let logger: Logger

    func run() async throws {
        raiseDescriptorLimit()
        // A client that went away must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let time = try ClockSetting(settings["CLOCK"])
        let clock = time.clock
        if !time.isReal { logger.warning("CLOCK is set: times are not those of the day.") }
        let directory = try DataDirectory(path: settings["DATA_DIR"] ?? "./data")
        let countries = try CountryDatabaseWatch(settings, clock: clock, logger: logger)
        let relayLimits = RelayLimits(settings)
        let (opened, setAside): (Stores, Database.SetAside?)
        do {
            (opened, setAside) = try openStores(
                directory, relayLimits.identities, now: clock.now())
        } catch let error as SQLiteError where error.isDiskFull {
            throw SettingsError(
                description:
                    "The disk of DATA_DIR \(directory.path) is full; free some space and start again.")
        } catch let error as SQLiteError {
            throw SettingsError(
                description: "The store \(directory.databasePath) can't be opened: \(error.message).")
        }

        let threads = settings["THREADS"].flatMap { Int($0) } ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let connections = ConnectionGauge()
        var made: RelayState?
        let metrics = Metrics(
            store: opened.metrics, countersPath: settings["COUNTERS_PATH"] ?? directory.defaultCountersPath,
            visitsMin: Int64(settings.integer("GEO_MIN_COUNT")), thresholds: settings.alertThresholds,
            sources: { meter in
                let relay = RelayState(
                    rooms: relayLimits.rooms, identities: relayLimits.identities, store: opened.relay,
                    isAfterCrash: !opened.metrics.endedCleanly, meter: meter, clock: clock, logger: logger)
                made = relay
                return [relay, connections, CountryDatabaseGauges(file: countries.file)]
            }, now: clock.now(), logger: logger)
        guard let relay = made else { throw SettingsError(description: "The relay could not be set up.") }
        if setAside != nil { metrics.noteStoreSetAside(at: clock.now()) }
        for loop in group.makeIterator() { loop.execute { metrics.meter.adoptThread() } }

        let publicFiles = try PublicFiles(setting: settings["PUBLIC_DIR"])
        let files = try StaticFiles(
            own: URL(filePath: publicFiles.assets),
            others: FileManager.default.fileExists(atPath: publicFiles.vendor)
                ? URL(filePath: publicFiles.vendor) : nil)
        let templates = try Templates(
            directory: publicFiles.templates, requiring: DashboardTemplates.names + SitePages.names,
            stamp: files.stamp.page)
        let openAPI = try publicFiles.openAPIDocument()
        let texts = try siteTexts(publicFiles, now: clock.now())
        let record = try record(templates, files, texts, openAPI: openAPI)
        let address = ServerAddress(base: settings["PUBLIC_BASE_URL"].map(Self.origin))
        let door = try FrontDoor(settings: settings, directory: directory)
        let links = LoginLinks(clock: clock.now)
        let tailnetDoor = tailnetDoor(group)
        let gate = try Gate(
            keys: door.keys, tailnet: tailnetDoor, database: opened.database, links: links,
            hosts: door.hosts,
            isPublicHTTPS: door.isHTTPS,
            meter: metrics.meter, templates: templates, clock: clock.now)

        let router = ColdRouter(context: FrontContext.self)
        let desk = AlertDesk(
            metrics.alerts,
            words: AlertWords(
                base: settings["PUBLIC_BASE_URL"], timeZone: opened.metrics.timeZone),
            pace: .init(
                repeatMilliseconds: Int64(settings.integer("ALERT_REPEAT_HOURS")) * 3_600_000,
                notesPerHour: settings.integer("ALERT_NOTES_PER_HOUR")),
            logger: logger)
        let channels = try OperatorChannels(settings, group: group, meter: metrics.meter, logger: logger) {
            outcome, note in Task { await desk.came(outcome, of: note) }
        }
        await desk.use(channels.alerts)
        let watch = AlertWatch(desk: desk)
        let isWatching = settings.isOn("ALERTS")
        ColdRoutes(
            relay: relay,
            reports: ReportDesk(
                logPath: settings["BUGS_LOG"] ?? directory.reportsPath,
                logBytes: settings.integer("BUGS_LOG_MAX_BYTES"), dispatch: channels.dispatch,
                meter: metrics.meter, logger: logger),
            facts: ServerFacts(
                version: record.version, commit: record.commit, startedAt: clock.now(), source: record.source,
                promises: record.promises, settings: record.keeping, hashes: { await record.files() }),
            openAPI: openAPI,
            address: address
        ).add(to: router)
        let site = SiteRoutes(
            pages: SitePages(templates: templates, address: address), files: files,
            texts: texts, record: record, openAPI: openAPI)
        site.add(to: router)
        let dashboard = DashboardRoutes(
            metrics: metrics, gate: gate, templates: templates,
            map: try WorldMap(directory: publicFiles.map),
            settings: .init(
                version: BuildVersion(SignalboxCommand.version), commit: record.commit,
                recentHistoryMax: settings.integer("METRICS_RECENT_HISTORY_MAX"),
                isStatusPublic: settings.isOn("PUBLIC_STATUS"), geo: { countries.facts }, clock: clock.now),
            logger: logger)
        dashboard.add(to: router)

        let front = Front(
            meter: metrics.meter, options: frontOptions(countries, missing: try site.missingPage()),
            proxies: try trustedProxies(),
            hot: HotRoutes(relay: relay), dashboard.hot,
            cold: HummingbirdSide(responder: router.buildResponder(), logger: logger),
            eventLoops: Array(group.makeIterator()))
        connections.watch(front)
        let announcement = Announcement(
            settings: settings, door: door, isTailnetOpen: tailnetDoor.isOpen, links: links, logger: logger)
        let listener = Listener(
            front: front,
            at: .address(host: settings["HOST"] ?? "127.0.0.1", port: settings.integer("PORT")), group: group,
            logger: logger, onListening: announcement.listening)

        // Shut down in reverse: first the listener, so that the last sample holds everything.
        var services: [any Service] = [
            Sampler(
                metrics: metrics, clock: clock, onSample: { if isWatching { watch.take($0) } },
                rate: time.rate),
            watch, countries, Bookkeeper(relay: relay),
            Janitor(relay: relay), dashboard.ticker, channels,
        ]
        if let tailnet = TailnetListener(settings, front: front, group: group, logger: logger) {
            services.append(tailnet)
        }
        if let serve = try TailscaleServe(
            settings["TAILSCALE_SERVE"], mainPort: settings.integer("PORT"))
        {
            services.append(serve.listener(front, group: group, logger: logger))
        }
        services.append(listener)
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

    /// The one file with everything that is kept.
    private struct Stores {
        let database: Database
        let metrics: Store
        let relay: RelayStore
    }

    private func openStores(
        _ directory: DataDirectory, _ limits: IdentityLimits, now: Int64
    ) throws -> (Stores, Database.SetAside?) {
        let (retention, timeZone) = (settings.retention, try settings.timeZone())
        let originals = OriginalFile.found(in: nil, settings)
        let (opened, setAside) = try Database.open(path: directory.databasePath) { database in
            try Gate.prepare(database)
            if !originals.isEmpty, try Store.isNew(database) {
                try takeOver(originals, into: database, now: now)
            }
            return Stores(
                database: database,
                metrics: try Store(
                    database: database, retention: retention, timeZone: timeZone, now: now),
                relay: try RelayStore(database, limits: limits, now: now))
        }
        if let setAside {
            logger.critical(
                "The store could not be read and was moved aside; history and identities start anew.",
                metadata: ["moved_to": "\(setAside.movedTo)", "why": "\(setAside.reason)"])
        }
        return (opened, setAside)
    }

    /// A first start in a Bot2Bot server's place: its files are taken over once.
    private func takeOver(_ paths: [OriginalFile: String], into database: Database, now: Int64) throws {
        logger.notice("First start: taking over what a Bot2Bot server has kept.")
        do {
            for tally in try OriginalImport(paths: paths, settings, now: now).run(into: database) {
                logger.notice("\(tally.line)")
            }
        } catch let failure as OriginalImport.Failure {
            throw SettingsError(
                description: "\(failure.description) Mend the file, or unset the setting to start without it."
            )
        }
    }

    private func frontOptions(_ countries: CountryDatabaseWatch, missing: FrontResponse) -> Front.Options {
        var options = Front.Options()
        options.missingPage = missing
        options.countries = countries.resolver
        options.trustsCloudflare = settings.isOn("TRUST_CLOUDFLARE")
        options.accessLog = settings.isOn("ACCESS_LOG") ? AccessLog(logger) : nil
        if settings.isOn("CANONICAL_REDIRECT") {
            options.redirect = CanonicalRedirect(
                base: settings["PUBLIC_BASE_URL"], aliases: settings.list("CANONICAL_ALIAS_HOSTS"))
        }
        return options
    }

    private func tailnetDoor(_ group: MultiThreadedEventLoopGroup) -> TailnetDoor {
        TailnetDoor(
            interface: settings["TAILSCALE_INTERFACE"] ?? "tailscale0",
            allowed: .init(settings["TAILSCALE_ALLOW"].map { _ in settings.list("TAILSCALE_ALLOW") }),
            daemon: TailnetDaemon(
                path: settings["TAILSCALE_SOCKET"] ?? "/var/run/tailscale/tailscaled.sock", group: group))
    }

    /// Scheme and host of an address, without what follows.
    private static func origin(_ base: String) -> String {
        guard let mark = base.range(of: "://") else { return base }
        return String(base[..<mark.upperBound] + base[mark.upperBound...].prefix { !"/?#".contains($0) })
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

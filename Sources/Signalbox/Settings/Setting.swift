/// One setting: its environment name, what it means, and what values it takes.
struct Setting: Sendable {
    enum Kind: Sendable {
        case text
        /// On or off: 1 or 0, also true, yes, on, false, no, off.
        case flag
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// Comma-separated words.
        case list
        case secret
    }

    let name: String
    let kind: Kind
    /// The default as it would be written; nil for none.
    let fallback: String?
    let help: String

    init(_ name: String, _ kind: Kind, _ fallback: String?, _ help: String) {
        self.name = name
        self.kind = kind
        self.fallback = fallback
        self.help = help
    }

    /// Every setting there is, in the order `signalbox config` prints them.
    static let all: [Setting] = common + alerts + hidden

    private static let common: [Setting] = [
        Setting(
            "HOST", .text, "127.0.0.1", "Address to listen on; 0.0.0.0 for all of IPv4, :: for everything."),
        Setting("PORT", .integer(0...65_535), "3000", "Port to listen on; 0 picks a free one."),
        Setting("THREADS", .integer(1...1_024), nil, "Event loops; by default one a processor core."),
        Setting("DATA_DIR", .text, "./data", "Where the database and the made token are kept."),
        Setting(
            "COUNTERS_PATH", .text, nil,
            "File of the live counters, in memory that outlives the process; by default in /dev/shm."),
        Setting(
            "PUBLIC_DIR", .text, nil,
            "Pages, templates and assets; found by itself beside the sources or binary."),
        Setting("PUBLIC_BASE_URL", .text, nil, "The address people use, e.g. https://relay.example.org."),
        Setting("PUBLIC_HOSTS", .list, nil, "More host names the dashboard may be reached by."),
        Setting(
            "TRUST_PROXY", .text, "loopback",
            "Peers whose X-Forwarded-For counts: a number of hops, loopback, linklocal, uniquelocal, CIDR ranges."
        ),
        Setting(
            "TRUST_CLOUDFLARE", .flag, "0",
            "1: CF-Connecting-IP and CF-IPCountry count, from a peer that TRUST_PROXY names by word or range."
        ),
        Setting(
            "TAILSCALE_HOST", .text, nil,
            "Address of a second listener for the tailnet; by default tailscale0's, off for none."),
        Setting("TAILSCALE_PORT", .integer(0...65_535), nil, "Its port; by default PORT."),
        Setting(
            "TAILSCALE_INTERFACE", .text, "tailscale0",
            "The tailnet's network interface; who comes in there needs no token for the dashboard."),
        Setting(
            "TAILSCALE_SOCKET", .text, "/var/run/tailscale/tailscaled.sock",
            "tailscaled's socket; where it is there, it must know who comes in by the tailnet."),
        Setting(
            "TAILSCALE_ALLOW", .list, nil,
            "Logins and tags that may come in by the tailnet, e.g. alice@example.com,tag:ops; all when unset."
        ),
        Setting(
            "TAILSCALE_SERVE", .text, nil,
            "A listener for `tailscale serve` alone: a port on 127.0.0.1, or the path of a Unix socket."),
        Setting(
            "PUBLIC_STATUS", .flag, "0",
            "1: /status shows everybody the uptime of past days and rounded counts."),
        Setting(
            "SECURITY_CONTACT", .text, nil,
            "Where to report weaknesses, for /.well-known/security.txt: a mailto:, https: or tel: address."),
        Setting(
            "CANONICAL_ALIAS_HOSTS", .list, nil,
            "Other names of the server; readers of pages are sent from them to PUBLIC_BASE_URL."),
        Setting("CANONICAL_REDIRECT", .flag, "1", "0: nobody is sent anywhere."),
        Setting(
            "GEO_SOURCE", .text, "auto",
            "What tells the country of a page visit: auto, cloudflare, database, or off."),
        Setting(
            "GEOIP_DB", .text, nil,
            "A country database in MaxMind's format (.mmdb), read again when it changes; docs/geoip.md."),
        Setting(
            "GEO_MIN_COUNT", .integer(1...1_000_000), "1",
            "Countries with fewer visits are shown as one of the others."),
        Setting(
            "STATS_TZ", .text, "UTC", "Time zone of days on the dashboard and in series, e.g. Europe/Berlin."),
        Setting("ACCESS_LOG", .flag, "0", "1: one line a request, by route, without paths or addresses."),
        Setting("SOURCE_URL", .text, nil, "Where this server's source can be had; shown in /api/status."),
        Setting(
            "BUGS_LOG", .text, nil, "File that reports are written to; by default DATA_DIR/reports.jsonl."),
        Setting(
            "BUGS_LOG_MAX_BYTES", .integer(1_024...1_099_511_627_776), "5242880",
            "Above that many bytes it is moved to .1 first."),
        Setting(
            "TELEGRAM_BOT_TOKEN", .secret, nil,
            "A Telegram bot that brings reports and alerts to the operator."),
        Setting("TELEGRAM_CHAT_ID", .text, nil, "The chat it brings them to."),
        Setting(
            "TELEGRAM_API_URL", .text, "https://api.telegram.org",
            "The Bot API's address; a server of one's own works too."),
        Setting("DISCORD_WEBHOOK_URL", .secret, nil, "A Discord webhook that reports and alerts go to."),
        Setting(
            "NTFY_URL", .secret, nil,
            "A topic of ntfy that reports and alerts go to: https://ntfy.sh/a-topic."),
        Setting("NTFY_TOKEN", .secret, nil, "Its access token, where it wants one."),
        Setting(
            "ALERT_WEBHOOK_URL", .secret, nil, "An address that alerts are posted to in Alertmanager's form."),
        Setting(
            "METRICS_TOKEN", .secret, nil, "Opens the dashboard and its API; made by itself on loopback."),
        Setting("METRICS_TOKEN_FILE", .text, nil, "File that holds METRICS_TOKEN."),
        Setting("METRICS_SCRAPE_TOKEN", .secret, nil, "Opens the Prometheus exposition and nothing else."),
        Setting("LOG_LEVEL", .text, "info", "trace, debug, info, notice, warning, error or critical."),
        Setting(
            "ROOMS_MAX", .integer(1...10_000_000), "5000",
            "Rooms at once; the longest-idle empty one makes way."),
        Setting("ROOM_GRACE_SECONDS", .integer(0...86_400), "30", "How long an empty room is kept."),
        Setting("RECENT_MAX", .integer(1...1_000_000), "2000", "Messages a room keeps for late joiners."),
        Setting("RECENT_TTL_SECONDS", .integer(1...31_622_400), "86400", "How long a room keeps them."),
        Setting(
            "MAX_MESSAGE_BYTES", .integer(1...131_072), "131072",
            "Ceiling of a ciphertext, base64 characters."),
        Setting(
            "ROOM_GLOBAL_MAX_BYTES", .integer(1...1_099_511_627_776), "536870912",
            "Memory fuse: ceiling of all rooms' recent messages together."),
        Setting(
            "ROOM_RL_CAP", .integer(1...1_000_000_000), "300", "Posts of one client in one room at once."),
        Setting("ROOM_RL_REFILL_PER_SEC", .number(0.001...1e9), "100", "The same, sustained a second."),
        Setting(
            "GLOBAL_RL_CAP", .integer(1...1_000_000_000), "600", "Posts of one client over all rooms at once."
        ),
        Setting("GLOBAL_RL_REFILL_PER_SEC", .number(0.001...1e9), "200", "The same, sustained a second."),
        Setting(
            "STREAM_CAP_PER_IP", .integer(1...10_000_000), "32",
            "Event streams and sockets of one client at once."),
        Setting(
            "WAITER_CAP_PER_IP", .integer(1...10_000_000), "16", "Parked long-polls of one client at once."),
        Setting(
            "ROOM_WAITERS_MAX", .integer(1...10_000_000), "256", "Parked long-polls of one room at once."),
        Setting(
            "STREAM_BUFFER_MAX_BYTES", .integer(65_536...1_073_741_824), "1048576",
            "Bytes a live stream may owe its reader before it is dropped as slow."),
        Setting(
            "WS_MAX_FRAME_BYTES", .integer(1_024...16_777_216), "262144", "Ceiling of a WebSocket message."),
        Setting(
            "LISTENING_RL_CAP", .integer(1...1_000_000_000), "2000",
            "Signs of life of one client at once; many agents may share an address."),
        Setting(
            "LISTENING_RL_REFILL_PER_SEC", .number(0.001...1e9), "200", "The same, sustained a second."),
        Setting(
            "ROOM_HEARTBEATS_MAX", .integer(1...1_000_000), "1024", "Names that signs of life keep in a room."
        ),
        Setting("HEARTBEATS_MAX", .integer(1...100_000_000), "65536", "The same over all rooms."),
        Setting(
            "SIGNED_LOCK_TTL", .integer(1...315_360_000), "2592000",
            "Seconds that a signed_only lock outlives its room; 30 days."),
        Setting("IDENTITIES_MAX", .integer(1...100_000_000), "100000", "Registered handles at once."),
        Setting(
            "IDENTITY_GC_INACTIVE_MS", .integer(604_800_000...3_153_600_000_000), "15552000000",
            "How long a handle must have been silent to make way at the cap; 180 days, at least 7."),
        Setting(
            "IDENTITY_TOUCH_MIN_MS", .integer(0...86_400_000), "60000",
            "How often a handle's last activity is noted at most."),
        Setting("IDENTITY_ADMIN_TOKEN", .secret, nil, "Lets the operator register reserved handles."),
        Setting(
            "INBOX_ANON_MAX", .integer(0...256), "32", "Messages of unproven senders in one inbox."),
        Setting(
            "INBOX_GLOBAL_MAX_BYTES", .integer(1...1_099_511_627_776), "536870912",
            "Memory fuse: ceiling of all inboxes together."),
        Setting(
            "DM_WAITERS_MAX_PER_HANDLE", .integer(1...1_000_000), "64",
            "Parked long-polls of one inbox at once."),
        Setting(
            "INBOX_SIG_SEEN_MAX", .integer(1...1_000_000_000), "10000",
            "A 32nd of it, at least 64: signed requests of one handle remembered against replay."),
        Setting(
            "ROOM_SIG_SEEN_MAX", .integer(1...1_000_000_000), "10000",
            "The same for signed room messages."),
        Setting(
            "DM_ENV_SEEN_MAX", .integer(1...1_000_000_000), "20000",
            "The same for signed direct messages, at least 128."),
        Setting(
            "ROOM_CURSORS_PER_HANDLE_MAX", .integer(1...1_000_000), "64",
            "Rooms in which a handle has a claim cursor."),
        Setting(
            "CLAIM_TTL_MS", .integer(1...300_000), "60000", "A claim's lease when the client asks for none."),
        Setting(
            "AGENT_PROFILE_TTL_MS", .integer(1...31_622_400_000), "604800000",
            "How long a profile is listed at most; 7 days."),
        Setting(
            "AGENT_PROFILE_SIG_SKEW_MS", .integer(1...86_400_000), "300000",
            "How far a profile's updated_at may be off."),
        Setting(
            "METRICS_RECENT_HISTORY_MAX", .integer(1...44_640), "180",
            "Minute points that /api/metrics carries."),
        Setting(
            "METRICS_HISTORY_RETENTION_MINUTES", .integer(60...5_270_400), "44640",
            "Minute points kept; 31 days."),
        Setting("METRICS_HOURLY_HISTORY_MAX", .integer(24...878_400), "43920", "Hour points kept; 5 years."),
        Setting("METRICS_DAILY_HISTORY_MAX", .integer(0...36_600), "0", "Day points kept; 0 keeps all."),
        Setting(
            "METRICS_GEO_MINUTE_RETENTION_MINUTES", .integer(60...44_640), "1440",
            "How long countries are kept by minute; a day."),
        Setting(
            "METRICS_GEO_HOURLY_HISTORY_MAX", .integer(24...878_400), "43920",
            "Hours that countries are kept by; 5 years."),
        Setting(
            "METRICS_STATE_PATH", .text, nil, "The totals of a Bot2Bot server, taken over at a first start."),
        Setting("METRICS_HISTORY_PATH", .text, nil, "Its minutes."),
        Setting("METRICS_HOURLY_HISTORY_PATH", .text, nil, "Its hours."),
        Setting("METRICS_GEO_MINUTE_HISTORY_PATH", .text, nil, "Its countries by minute."),
        Setting("METRICS_GEO_HOURLY_HISTORY_PATH", .text, nil, "Its countries by hour."),
        Setting("IDENTITIES_STATE_PATH", .text, nil, "Its identities."),
        Setting("AGENT_DIRECTORY_STATE_PATH", .text, nil, "Its agent directory."),
    ]

    /// For tests alone.
    private static let hidden: [Setting] = [
        Setting(
            "CLOCK", .text, nil,
            "For tests: the clock starts at this time and runs on, e.g. 2026-06-15T12:34:30Z, or *60 as fast after it."
        )
    ]

    var isSecret: Bool {
        if case .secret = kind { return true }
        return false
    }

    /// Why the value can't be used; nil when it can.
    func fault(in value: String) -> String? {
        switch kind {
        case .text, .list, .secret: return nil
        case .flag:
            let known = ["1", "0", "true", "false", "yes", "no", "on", "off"]
            return known.contains(value.lowercased()) ? nil : "neither 1 nor 0"
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else {
                return "no whole number from \(range.lowerBound) to \(range.upperBound)"
            }
            return nil
        case .number(let range):
            guard let number = Double(value), range.contains(number) else {
                return "no number from \(range.lowerBound) to \(range.upperBound)"
            }
            return nil
        }
    }
}

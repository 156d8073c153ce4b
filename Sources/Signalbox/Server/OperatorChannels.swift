import Logging
import NIOCore
import Notify
import Relay
import ServiceLifecycle
import SignalboxMetrics

/// Where messages to the operator go, as the settings have it: reports of people, and alerts.
struct OperatorChannels: Service {
    /// For reports and contact messages; nil when no channel is set.
    let dispatch: OperatorDispatch?
    /// For alerts; nil when no channel is set.
    let alerts: OperatorDispatch?

    /// What becomes of a note about alerts on a channel.
    typealias Outcome = @Sendable (Notify.DeliveryOutcome, OperatorNote) -> Void

    /// - Throws: ``SettingsError`` for a channel whose settings can't be used.
    init(
        _ settings: ServerSettings, group: any EventLoopGroup, meter: Meter, logger: Logger,
        onAlert: @escaping Outcome
    ) throws {
        // What a stop finds waiting is in the report log; the process is to be gone within a second.
        var pace = DispatchPace()
        pace.drain = .milliseconds(500)
        dispatch = try Self.dispatch(
            settings, group, isForAlerts: false, pace: pace, logger: logger
        ) { kind, outcome, _ in meter.count(outcome, on: kind) }
        // An alert is worth waiting for a service that is away for most of an hour, in the order they came.
        pace.pauses = [.seconds(5), .seconds(30), .seconds(120), .seconds(600), .seconds(1_800)]
        pace.longestPause = .seconds(300)
        pace.waiting = 64
        pace.atOnce = 1
        alerts = try Self.dispatch(settings, group, isForAlerts: true, pace: pace, logger: logger) {
            // A delivery that a stop cuts off is told again by the next run.
            onAlert(Task.isCancelled && $1 == .failed ? .dropped : $1, $2)
            // The alert about lost messages would feed itself with its own.
            let isItsOwn = $2.alerts.allSatisfy { $0.name == AlertName.alertsUndelivered.text }
            if $1 == .delivered || !isItsOwn { meter.count($1, on: $0) }
        }
    }

    private static func dispatch(
        _ settings: ServerSettings, _ group: any EventLoopGroup, isForAlerts: Bool, pace: DispatchPace,
        logger: Logger,
        onOutcome: @escaping @Sendable (ChannelKind, Notify.DeliveryOutcome, OperatorNote) -> Void
    ) throws -> OperatorDispatch? {
        let http = OutgoingHTTP(group: group)
        let channels = try channels(settings, isForAlerts: isForAlerts, over: http)
        guard !channels.isEmpty else { return nil }
        return OperatorDispatch(
            channels: channels, over: http, pace: pace, logger: logger, onOutcome: onOutcome)
    }

    /// Every channel that is set.
    /// - Throws: ``SettingsError`` for one whose settings can't be used.
    static func channels(
        _ settings: ServerSettings, isForAlerts: Bool, over http: OutgoingHTTP
    ) throws -> [any OperatorChannel] {
        var channels: [any OperatorChannel] = []
        let (token, chat) = (settings["TELEGRAM_BOT_TOKEN"], settings["TELEGRAM_CHAT_ID"])
        do {
            if let token, let chat {
                let base = settings["TELEGRAM_API_URL"] ?? "https://api.telegram.org"
                channels.append(try TelegramChannel(base: base, token: token, chat: chat, over: http))
            } else if token != nil || chat != nil {
                throw SettingsError(
                    description:
                        "Telegram needs both TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID; set the other too.")
            }
            if let webhook = settings["DISCORD_WEBHOOK_URL"] {
                channels.append(try DiscordChannel(webhook: webhook, over: http))
            }
            if let topic = settings["NTFY_URL"] {
                channels.append(try NtfyChannel(address: topic, token: settings["NTFY_TOKEN"], over: http))
            }
            if isForAlerts, let address = settings["ALERT_WEBHOOK_URL"] {
                channels.append(try WebhookChannel(address: address, over: http))
            }
        } catch let error as ChannelSettingsError {
            throw SettingsError(description: "\(error)")
        }
        return channels
    }

    func run() async throws {
        guard dispatch != nil || alerts != nil else { return try await gracefulShutdown() }
        await cancelWhenGracefulShutdown {
            async let reports: Void? = dispatch?.run()
            async let alerts: Void? = alerts?.run()
            _ = await (reports, alerts)
        }
    }
}

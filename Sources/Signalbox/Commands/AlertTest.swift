import ArgumentParser
import NIOPosix
import Notify
import SignalboxMetrics

/// `signalbox alerts --fire NAME`: one note, marked as a test, tried once on every channel.
struct AlertTest {
    private let settings: ServerSettings
    private let name: AlertName

    init(_ settings: ServerSettings, _ name: AlertName) {
        self.settings = settings
        self.name = name
    }

    /// - Throws: ``SettingsError`` without a channel, `ExitCode` when one failed.
    func run() async throws {
        let http = OutgoingHTTP(group: MultiThreadedEventLoopGroup.singleton)
        let channels = try OperatorChannels.channels(settings, isForAlerts: true, over: http)
        guard !channels.isEmpty else {
            throw SettingsError(
                description:
                    "No channel is set: TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID, DISCORD_WEBHOOK_URL, NTFY_URL or ALERT_WEBHOOK_URL."
            )
        }
        let now = try ClockSetting(settings["CLOCK"]).clock.now()
        guard let rule = AlertRules.all(settings.alertThresholds).first(where: { $0.name == name }) else {
            return
        }
        let words = AlertWords(
            base: settings["PUBLIC_BASE_URL"], timeZone: try settings.timeZone())
        let report = AlertReport(test: rule, at: now)
        let note = words.note(of: [report], number: 0, now: now, isTest: true)
        var failed = 0
        for channel in channels {
            do {
                try await channel.deliver(note)
                print("\(channel.kind.rawValue): delivered")
            } catch {
                failed += 1
                print("\(channel.kind.rawValue): not delivered, \(error)")
            }
        }
        await http.shutdown()
        if failed > 0 { throw ExitCode.failure }
    }
}

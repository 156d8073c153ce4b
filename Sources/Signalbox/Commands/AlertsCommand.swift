import ArgumentParser
import Foundation
import SQLite
import SignalboxMetrics

/// `signalbox alerts`: what fires, silences, a test of the channels, and the rules for Prometheus.
struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "List alerts, silence them, test the channels, or print the rules for Prometheus.",
        discussion: """
            Without an option it lists every alert with its state as the store has it; the server may be \
            running. A silence counts from the server's next minute on. docs/alerts.md tells the rest.
            """)

    @Flag(
        name: .long, help: "Print recording and alerting rules for Prometheus, with the settings' thresholds."
    )
    var prometheus = false

    @Option(name: .long, help: "Where the rules say that the pages of docs/runbooks are.")
    var runbooks = "docs/runbooks"

    @Option(
        name: .long,
        help: .init("Times that windows are shorter than they say, for tests.", visibility: .hidden))
    var speed = 1

    @Option(name: .long, help: "Send a test, marked as one, of this alert through every channel that is set.")
    var fire: String?

    @Option(name: .long, help: "Silence this alert, or all.")
    var silence: String?

    @Option(name: .customLong("for"), help: "For how long, e.g. 90m, 2h or 3d; at most 30 days.")
    var duration = "2h"

    @Option(name: .long, help: "End the silence of this alert, or of all.")
    var unsilence: String?

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        let chosen = [prometheus, fire != nil, silence != nil, unsilence != nil].count { $0 }
        if chosen > 1 {
            throw ValidationError("One thing at a time: --prometheus, --fire, --silence or --unsilence.")
        }
    }

    func run() async throws {
        do {
            let settings = try await options.load()
            if prometheus {
                print(
                    PrometheusRules(settings.alertThresholds, runbooks: runbooks, speed: speed).text,
                    terminator: "")
            } else if let fire {
                try await AlertTest(settings, try Self.name(fire)).run()
            } else if let silence {
                let name = silence == "all" ? nil : try Self.name(silence)
                try setSilence(settings, name, for: try Self.milliseconds(duration))
            } else if let unsilence {
                try setSilence(settings, unsilence == "all" ? nil : try Self.name(unsilence), for: nil)
            } else {
                try list(settings)
            }
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message("The store can't be used: \(error.message).", code: .failure)
        }
    }

    private func list(_ settings: ServerSettings) throws {
        let now = try ClockSetting(settings["CLOCK"]).clock.now()
        let connection = try StoreFile(settings).open()
        let states = try AlertBook.states(connection)
        let silences = try AlertBook.silences(connection, now: now)
        let width = AlertName.allCases.map(\.text.count).max() ?? 0
        func line(_ name: String, _ severity: String, _ state: String) -> String {
            func padded(_ text: String, _ width: Int) -> String {
                text.padding(toLength: max(width, text.count), withPad: " ", startingAt: 0)
            }
            return "\(padded(name, width))  \(padded(severity, 8))  \(state)"
        }
        if !settings.isOn("ALERTS") { print("ALERTS is 0: the server evaluates none of these.") }
        print(line("ALERT", "SEVERITY", "STATE"))
        for rule in AlertRules.inside(settings.alertThresholds) {
            let own = states.filter { $0.key.name == rule.name && $0.value.phase == .firing }
                .sorted { ($0.key.reason?.rawValue ?? 0) < ($1.key.reason?.rawValue ?? 0) }
            let silence = silences.until(rule.name).map { ", silenced until \(Self.time($0))" } ?? ""
            if own.isEmpty { print(line(rule.name.text, rule.severity.rawValue, "quiet\(silence)")) }
            for (key, state) in own {
                let limit = key.reason.map { " (\($0.text))" } ?? ""
                print(
                    line(
                        rule.name.text, rule.severity.rawValue,
                        "firing\(limit) since \(Self.time(state.since))\(silence)"))
            }
        }
    }

    private func setSilence(_ settings: ServerSettings, _ name: AlertName?, for milliseconds: Int64?) throws {
        let now = try ClockSetting(settings["CLOCK"]).clock.now()
        let file = try StoreFile(settings)
        _ = try file.open()
        let connection = try Connection(path: file.path, mode: .readWrite)
        let what = name?.text ?? "Every alert"
        guard let milliseconds else {
            try AlertBook.silence(connection, name, until: nil, now: now)
            return print("\(what) is told of again.")
        }
        let until = now + min(milliseconds, AlertBook.longestSilenceMilliseconds)
        try AlertBook.silence(connection, name, until: until, now: now)
        print("\(what) is silenced until \(Self.time(until)).")
    }

    /// - Throws: ``SettingsError`` for a name that no alert has.
    private static func name(_ text: String) throws -> AlertName {
        let wanted = text.lowercased()
        let found = AlertName.inside.first {
            [$0.text.lowercased(), String($0.text.lowercased().dropFirst(9))].contains(wanted)
        }
        guard let found else {
            throw SettingsError(
                description: "There is no alert «\(text)»; `signalbox alerts` lists them.")
        }
        return found
    }

    /// A duration such as 90m. A negative or endless one is none.
    static func milliseconds(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), count > 0,
            count <= 100_000
        else {
            throw SettingsError(
                description: "--for takes a number with s, m, h or d, e.g. 90m, not «\(text)».")
        }
        return count * unit
    }

    private static func time(_ milliseconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000).formatted(.iso8601)
    }
}

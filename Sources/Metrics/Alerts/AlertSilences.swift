public import SQLite

/// Silences in force: of one alert, or of all.
public struct AlertSilences: Sendable, Equatable {
    /// Until when, Unix ms, by alert.
    public var byName: [AlertName: Int64] = [:]
    /// Until when every alert is silenced, Unix ms.
    public var ofAll: Int64?

    public init() {}

    /// How many there are.
    public var count: Int { byName.count + (ofAll == nil ? 0 : 1) }

    /// Until when the alert is silenced, Unix ms; nil when it isn't.
    public func until(_ name: AlertName) -> Int64? {
        [byName[name], ofAll].compactMap { $0 }.max()
    }
}

extension AlertBook {
    /// A silence lasts 30 days at most: one that is forgotten must not hide an alert for ever.
    public static let longestSilenceMilliseconds = 30 * dayMilliseconds

    /// - Parameter now: Unix ms; silences that ended before are left out.
    public func silences(now: Int64) async throws -> AlertSilences {
        try await database.read { try Self.silences($0, now: now) }
    }

    /// The same of a store that another process may be using.
    public static func silences(_ connection: Connection, now: Int64) throws -> AlertSilences {
        var silences = AlertSilences()
        // One that ends later than any can was made by a clock that ran ahead, or by damage.
        try connection.prepare("SELECT alert, until FROM alert_silences WHERE until > ? AND until <= ?")
            .forEach([.integer(now), .integer(now + longestSilenceMilliseconds)]) { row in
                guard let text = row.text(0), let until = row.integer(1) else { return }
                if text == everything {
                    silences.ofAll = until
                } else if let name = AlertName(text: text) {
                    silences.byName[name] = until
                }
            }
        return silences
    }

    /// Silences an alert until a time, or ends its silence.
    /// - Parameters:
    ///   - name: nil for all alerts.
    ///   - until: Unix ms; nil ends it. Later than ``longestSilenceMilliseconds`` from now counts as that.
    public func silence(_ name: AlertName?, until: Int64?, now: Int64) async throws {
        try await database.write { try Self.silence($0, name, until: until, now: now) }
    }

    /// The same in a store that another process may be using.
    public static func silence(
        _ connection: Connection, _ name: AlertName?, until: Int64?, now: Int64
    ) throws {
        let text = Value.text(name?.text ?? everything)
        guard let until else {
            // Who ends the silence of all wants to hear of all again.
            return name == nil
                ? try connection.execute("DELETE FROM alert_silences")
                : try connection.execute("DELETE FROM alert_silences WHERE alert = ?", text)
        }
        try connection.execute("DELETE FROM alert_silences WHERE until <= ?", .integer(now))
        try connection.execute(
            "INSERT OR REPLACE INTO alert_silences VALUES (?, ?)", text,
            .integer(min(until, now + longestSilenceMilliseconds)))
    }
}

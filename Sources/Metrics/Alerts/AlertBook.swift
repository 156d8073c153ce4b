public import SQLite

/// What the store remembers of alerts: those that fire or whose end nobody has heard of, silences, and the
/// changes of the past. Names and times only.
public struct AlertBook: Sendable {
    let database: Database

    /// Changes that are kept.
    static let eventsMax = 10_000
    /// What stands for every alert in a silence.
    static let everything = "*"

    public init(_ database: Database) { self.database = database }

    /// A change of the past.
    public struct Event: Sendable {
        /// Unix ms.
        public let t: Int64
        public let key: AlertKey
        public let change: AlertChangeKind
    }

    /// Makes the tables where they are missing.
    static func prepare(_ connection: Connection) throws {
        try connection.run(
            """
            CREATE TABLE IF NOT EXISTS alert_states (
                alert TEXT NOT NULL, reason TEXT NOT NULL, phase TEXT NOT NULL, since INTEGER NOT NULL,
                resolved_at INTEGER NOT NULL, told_at INTEGER NOT NULL, PRIMARY KEY (alert, reason)
            ) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS alert_events (
                id INTEGER PRIMARY KEY, t INTEGER NOT NULL, alert TEXT NOT NULL, reason TEXT NOT NULL,
                change TEXT NOT NULL
            );
            CREATE INDEX IF NOT EXISTS alert_events_t ON alert_events (t);
            CREATE TABLE IF NOT EXISTS alert_silences (
                alert TEXT PRIMARY KEY, until INTEGER NOT NULL
            ) WITHOUT ROWID;
            """)
    }

    /// The states that a run before left. A row that names no alert of this version is none.
    public func states() async throws -> [AlertKey: AlertState] {
        try await database.read { try Self.states($0) }
    }

    /// The same of a store that another process may be using.
    public static func states(_ connection: Connection) throws -> [AlertKey: AlertState] {
        let rows = try connection.query(
            "SELECT alert, reason, phase, since, resolved_at, told_at FROM alert_states"
        ) { row -> (AlertKey, AlertState)? in
            guard let key = key(row.text(0), row.text(1)), key.isEvaluated,
                let phase = row.text(2).flatMap(AlertPhase.init(rawValue:)),
                [.firing, .resolved].contains(phase)
            else { return nil }
            // Damage on the disk must not end the server.
            func time(_ column: Int32) -> Int64 { min(max(row.integer(column) ?? 0, 0), timeMax) }
            var state = AlertState()
            (state.phase, state.since, state.heldAt) = (phase, time(3), time(3))
            (state.resolvedAt, state.toldAt) = (time(4), time(5))
            return (key, state)
        }
        return Dictionary(rows.compactMap { $0 }) { $1 }
    }

    /// Notes the states that changed, and the changes themselves.
    func write(_ states: [AlertKey: AlertState], _ events: [Event]) async throws {
        try await database.write { connection in
            for (key, state) in states {
                let names: [Value] = [.text(key.name.text), .text(key.reason?.text ?? "")]
                switch state.phase {
                case .inactive, .pending:
                    try connection.execute(
                        "DELETE FROM alert_states WHERE alert = ? AND reason = ?", names)
                case .firing, .resolved:
                    try connection.execute(
                        "INSERT OR REPLACE INTO alert_states VALUES (?, ?, ?, ?, ?, ?)",
                        names + [
                            .text(state.phase.rawValue), .integer(state.since), .integer(state.resolvedAt),
                            .integer(state.toldAt),
                        ])
                }
            }
            for event in events {
                try connection.execute(
                    // A write that was given up may have gone through after all.
                    """
                    INSERT INTO alert_events (t, alert, reason, change) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
                        (SELECT 1 FROM alert_events WHERE t = ?1 AND alert = ?2 AND reason = ?3 AND change = ?4)
                    """,
                    [
                        .integer(event.t), .text(event.key.name.text), .text(event.key.reason?.text ?? ""),
                        .text(event.change.text),
                    ])
            }
            guard !events.isEmpty else { return }
            try connection.execute(
                "DELETE FROM alert_events WHERE id <= (SELECT max(id) FROM alert_events) - ?",
                [.integer(Int64(Self.eventsMax))])
        }
    }

    /// The changes from a time to another, oldest first.
    public func events(from: Int64, until: Int64, limit: Int = 500) async throws -> [Event] {
        try await database.read { connection in
            try connection.query(
                "SELECT t, alert, reason, change FROM alert_events WHERE t >= ? AND t < ? ORDER BY id DESC LIMIT ?",
                [.integer(from), .integer(until), .integer(Int64(limit))]
            ) { row -> Event? in
                guard let key = Self.key(row.text(1), row.text(2)),
                    let change = AlertChangeKind.allCases.first(where: { $0.text == row.text(3) })
                else { return nil }
                return Event(t: row.integer(0) ?? 0, key: key, change: change)
            }.compactMap { $0 }.reversed()
        }
    }

    private static func key(_ alert: String?, _ reason: String?) -> AlertKey? {
        guard let name = alert.flatMap(AlertName.init(text:)) else { return nil }
        guard let reason, !reason.isEmpty else { return AlertKey(name) }
        return LimitReason.allCases.first { $0.text == reason }.map { AlertKey(name, reason: $0) }
    }
}

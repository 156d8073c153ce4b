extension Setting {
    /// What alerts compare with, and how they are told.
    static let alerts: [Setting] = [
        Setting("ALERTS", .flag, "1", "0: no alert is evaluated inside the server."),
        Setting(
            "ALERT_OBJECTIVE", .number(95...99.999), "99.9", "Percent of requests that must not end in a 5xx."
        ),
        Setting(
            "ALERT_ERRORS_MIN", .integer(1...1_000_000), "3", "Fewer 5xx than this are nobody's concern."),
        Setting(
            "ALERT_LOW_TRAFFIC", .integer(0...1_000_000_000), "1000",
            "Below this many requests an hour a few 5xx count by themselves."),
        Setting(
            "ALERT_LIMITED_MIN", .integer(1...1_000_000_000), "50",
            "429s of one reason within 15 minutes from which on they can be a spike."),
        Setting(
            "ALERT_LIMITED_FACTOR", .number(1...1_000_000), "4",
            "A spike is over so many times the 429s of the same time a day and a week ago."),
        Setting(
            "ALERT_LIMITED_CLIENTS", .integer(1...1_024), "5",
            "From this many clients on the limit is the suspect, below it a client."),
        Setting(
            "ALERT_DELIVERY_P99_MS", .integer(1...4_999), "1000",
            "Deliveries of which one in a hundred takes longer are slow."),
        Setting(
            "ALERT_REQUEST_P99_MS", .integer(1...4_999), "1000",
            "Requests of which one in a hundred takes longer are slow."),
        Setting(
            "ALERT_SLOW_MIN", .integer(1...1_000_000_000), "20",
            "The slowest of fewer a minute says nothing."),
        Setting(
            "ALERT_NEAR_LIMIT", .integer(1...99), "90", "Percent of a bound at which it is time to look."),
        Setting(
            "ALERT_FLUSH_AGE_SECONDS", .integer(60...86_400), "180",
            "A flush of the store that is older is overdue."),
        Setting(
            "ALERT_GAP_MINUTES", .integer(1...1_440), "5", "Minutes without a sample within an hour."),
        Setting("ALERT_RESTARTS", .integer(2...1_000), "3", "Starts within 15 minutes."),
        Setting("ALERT_DATABASE_DAYS", .integer(1...3_650), "45", "Age of the country database."),
        Setting(
            "ALERT_LOGINS", .integer(1...1_000_000), "20", "Refused logins within 15 minutes."),
        Setting(
            "ALERT_REPEAT_HOURS", .integer(0...720), "12",
            "Hours after which an alert that still fires is told again; 0: never."),
        Setting(
            "ALERT_NOTES_PER_HOUR", .integer(1...60), "20",
            "Messages about alerts within an hour; what doesn't fit is told with the next one."),
    ]
}

/// The templates that the dashboard's pages ask for.
public enum DashboardTemplates {
    public static let names =
        ["layout", "stats", "stats-all", "stats-now", "login", "notice", "status"]
        + [
            "updated", "state", "alerts", "cards", "counters", "past", "usage", "classes", "countries",
            "minutes", "storage", "build", "gate", "rules", "panels",
        ].map { "stats-\($0)" }
}

import Web
/// The public status page, `/status`.
struct StatusPage: Sendable {
    let templates: Templates

    private struct Row {
        let name: String
        let value: String
    }

    private struct View {
        let updated: String
        let uptime: String
        let span: String
        let bars: String
        let days: [Row]
        let messages: String
        let countries: [Row]
    }

    /// The page as HTML.
    func render(_ status: PublicStatus) throws -> String {
        let span =
            switch status.days.count {
            case 0: "No day is over yet."
            case 1: "One day, by the minutes in which the server took its sample."
            default:
                "\(status.days.count) days, a bar each, by the minutes in which the server took its sample."
            }
        return try templates.render(
            "status",
            View(
                updated: status.updated,
                uptime: status.uptime.map { NumberText.percent($0) } ?? NumberText.missing, span: span,
                bars: UptimeBars(days: status.days).svg(title: "Uptime by day"),
                days: status.days.reversed().map {
                    Row(name: $0.name, value: NumberText.percent($0.uptime))
                },
                messages: status.messages.text,
                countries: status.countries.map { Row(name: $0.name, value: $0.visits.text) }))
    }
}

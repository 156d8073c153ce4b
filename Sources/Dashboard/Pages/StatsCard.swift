/// One card of the dashboard: a number, what belongs to it, and its last hour.
struct StatsCard {
    /// How a card stands out.
    enum Tone: String { case calm, caution, danger }

    let label: String
    let value: String
    /// What belongs to the number, a line each.
    let details: [String]
    /// The last hour in words; nil where the number has no course.
    let hour: String?
    /// From our own pure functions; the template doesn't escape it.
    let picture: String
    let tone: String

    init(
        _ label: String, _ value: String, details: [String] = [], hour: String? = nil, picture: String = "",
        tone: Tone = .calm
    ) {
        self.label = label
        self.value = value
        self.details = details
        self.hour = hour
        self.picture = picture
        self.tone = tone.rawValue
    }
}

import SignalboxMetrics

/// One card of the dashboard: a number, what belongs to it, and its last hour.
struct StatsCard {
    /// How a card stands out.
    enum Tone: String { case calm, caution, danger }

    /// What the number is in JSON.
    enum Unit: String { case count, bytes, seconds, microseconds, share }

    /// By which programs know it.
    let name: String
    let label: String
    let number: Double
    let unit: Unit
    /// The number as people read it.
    let value: String
    /// What belongs to the number, a line each.
    let details: [String]
    /// The last hour in words; nil where the number has no course.
    let hour: String?
    /// The last hour minute by minute, oldest first; nil where no sample was taken. Empty without a course.
    let course: [Int64?]
    /// From our own pure functions; the template doesn't escape it.
    let picture: String
    let tone: String

    init(
        _ name: String, _ label: String, _ number: Double, _ unit: Unit = .count, text: String? = nil,
        details: [String] = [], hour: String? = nil, course: [Int64?] = [], picture: String? = nil,
        tone: Tone = .calm
    ) {
        self.name = name
        self.label = label
        self.number = number
        self.unit = unit
        self.value =
            text
            ?? {
                switch unit {
                case .count: NumberText.count(number)
                case .bytes: NumberText.bytes(number)
                case .seconds: NumberText.duration(seconds: Int64(max(0, min(number, 1e15))))
                case .microseconds: number > 0 ? ValueUnit.microseconds.text(number) : NumberText.missing
                case .share: NumberText.percent(number)
                }
            }()
        self.details = details
        self.hour = hour
        self.course = course
        self.picture = picture ?? Sparkline(course.map { $0.map(Double.init) }).svg()
        self.tone = tone.rawValue
    }
}

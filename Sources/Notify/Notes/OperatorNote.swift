/// A note to the operator: a report or a contact message that a person sent, or an alert.
///
/// Channels (Telegram, Discord) render it each in its own format. What is too long is cut and what a chat
/// would misread is taken out when a note is made, so a note that waits in a queue has a bounded size.
public struct OperatorNote: Sendable, Equatable {
    /// How a field's text is shown.
    public enum Style: Sendable, Equatable {
        case plain
        /// In one line, in a fixed-width font, easy to copy: ids, hashes, times.
        case code
    }

    /// A labelled text. Its text may come from anybody.
    public struct Field: Sendable, Equatable {
        /// At most 32 UTF-16 units.
        public let label: String
        public let text: String
        public let style: Style

        /// - Parameter limit: what of `text` is shown at most, in UTF-16 units, from 1 to 4,096.
        public init(_ label: String, _ text: String, style: Style = .plain, limit: Int = 1_000) {
            self.init(
                label: label.readable(inOneLine: true).cut(toUnits: 32),
                // Cut before and after: cleaning takes time, and it can leave fewer units.
                text: text.cut(toUnits: 4_096).readable(inOneLine: style == .code)
                    .cut(toUnits: min(max(limit, 1), 4_096)),
                style: style)
        }

        private init(label: String, text: String, style: Style) {
            self.label = label
            self.text = text
            self.style = style
        }

        /// The field with its text cut to so many UTF-16 units.
        func cut(toUnits units: Int) -> Field {
            Field(label: label, text: text.cut(toUnits: units), style: style)
        }
    }

    /// How loudly it is told, where a channel can tell it so.
    public enum Urgency: Sendable, Equatable { case low, normal, high }

    /// How many fields a note shows; further ones are left out.
    public static let mostFields = 16

    /// An emoji, shown before the title, or nothing.
    public let lead: String
    /// One line, shown first, at most 160 UTF-16 units.
    public let title: String
    /// In the order they are shown. Those without text are left out.
    public let fields: [Field]
    public let urgency: Urgency
    /// A number by which its sender knows it again; 0 when it doesn't need to.
    public let number: Int
    /// Where more is to be seen.
    public let link: String?
    /// The alerts it tells of and what else of their names fires, for channels that carry them as data.
    public let alerts: [AlertNotice]

    /// A note of a title and at most ``mostFields`` fields with text, which each channel shortens to its limit.
    public init(
        lead: String = "", title: String, fields: [Field], urgency: Urgency = .normal, link: String? = nil,
        alerts: [AlertNotice] = [], number: Int = 0
    ) {
        self.lead = lead.readable(inOneLine: true).cut(toUnits: 16)
        self.title = title.readable(inOneLine: true).cut(toUnits: 160)
        self.fields = Array(fields.filter { !$0.text.isEmpty }.prefix(Self.mostFields))
        self.urgency = urgency
        self.link = link
        self.alerts = alerts
        self.number = number
    }

    /// The lead and the title in one line.
    var headline: String { lead.isEmpty ? title : "\(lead) \(title)" }

    private init(_ note: OperatorNote, fields: [Field]) {
        lead = note.lead
        title = note.title
        self.fields = fields
        urgency = note.urgency
        link = note.link
        alerts = note.alerts
        number = note.number
    }

    /// The note with its longest fields cut, all to the same length, so that `cost` is at most `budget`.
    ///
    /// Short fields (an id, a severity) stay whole however long the others are.
    func fitted(to budget: Int, cost: (OperatorNote) -> Int) -> OperatorNote {
        if cost(self) <= budget { return self }
        var fitting = shortened(toUnits: 1)
        var shortest = 1
        var longest = fields.map(\.text.utf16.count).max() ?? 1
        while longest - shortest > 1 {
            let middle = (shortest + longest) / 2
            let candidate = shortened(toUnits: middle)
            if cost(candidate) <= budget {
                (fitting, shortest) = (candidate, middle)
            } else {
                longest = middle
            }
        }
        return fitting
    }

    private func shortened(toUnits units: Int) -> OperatorNote {
        OperatorNote(self, fields: fields.map { $0.cut(toUnits: units) })
    }
}

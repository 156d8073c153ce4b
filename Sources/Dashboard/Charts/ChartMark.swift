/// A moment that explains what a chart shows: a restart, or an alert that began to fire.
public struct ChartMark: Sendable {
    public enum Kind: Sendable {
        case restart
        /// A start after a run that wasn't ended properly.
        case uncleanRestart
        case alert
    }

    /// Unix ms.
    public let t: Int64
    public let kind: Kind
    /// What happened, for people.
    public let label: String

    public init(t: Int64, kind: Kind, label: String) {
        self.t = t
        self.kind = kind
        self.label = label
    }
}

extension ChartMark.Kind {
    /// From harmless to not.
    static let bySeverity: [Self] = [.restart, .uncleanRestart, .alert]

    /// What the style sheet calls it.
    var style: String {
        switch self {
        case .restart: "event-restart"
        case .uncleanRestart: "event-unclean"
        case .alert: "event-alert"
        }
    }

    /// What people call it.
    var name: String {
        switch self {
        case .restart: "restart"
        case .uncleanRestart: "unclean restart"
        case .alert: "alert"
        }
    }

    /// `1 restart`, `3 alerts`
    func counted(_ count: Int) -> String {
        "\(NumberText.exact(count)) \(name)\(count == 1 ? "" : "s")"
    }

    /// Its sign, ten pixels high above its line: a dot, a cross or a triangle, so that colour isn't needed.
    var glyph: String {
        switch self {
        case .restart:
            MarkupText.element("circle", ["class": "event-sign", "cy": "-7", "r": "3.5"])
        case .uncleanRestart:
            MarkupText.element("path", ["class": "event-sign", "d": "M-4,-11L4,-3M4,-11L-4,-3"])
        case .alert:
            MarkupText.element("path", ["class": "event-sign", "d": "M0,-12L5,-3L-5,-3Z"])
        }
    }
}

/// Marks that are drawn as one, since they would lie on each other.
struct MarkGroup {
    /// In order of time, never none.
    let marks: [ChartMark]

    /// - Parameters:
    ///   - reach: marks this many units right of a group's first belong to it.
    ///   - limit: with more groups than this the reach grows.
    static func groups(
        _ marks: [ChartMark], in window: ChartWindow, width: Double, reach: Double = 6, limit: Int = 60
    ) -> [MarkGroup] {
        let marks = marks.filter { window.holds($0.t) }.sorted { $0.t < $1.t }
        var groups: [[ChartMark]] = []
        for mark in marks {
            if let first = groups.last?.first,
                (window.share(mark.t) - window.share(first.t)) * width < reach
            {
                groups[groups.count - 1].append(mark)
            } else {
                groups.append([mark])
            }
        }
        guard groups.count <= max(limit, 1) else {
            return Self.groups(marks, in: window, width: width, reach: reach * 1.5, limit: limit)
        }
        return groups.map(MarkGroup.init)
    }

    /// `3 restarts, 1 alert`
    static func counted(_ marks: [ChartMark]) -> String {
        ChartMark.Kind.bySeverity.compactMap { kind in
            let count = marks.count { $0.kind == kind }
            return count == 0 ? nil : kind.counted(count)
        }.joined(separator: ", ")
    }

    /// The worst of them.
    private var kind: ChartMark.Kind {
        ChartMark.Kind.bySeverity.last { kind in marks.contains { $0.kind == kind } } ?? .restart
    }

    /// The mark's label; of several their number, the first and the last.
    var words: String {
        let (first, last) = (marks[0].label, marks[marks.count - 1].label)
        guard marks.count > 1 else { return first }
        return Self.counted(marks) + ": " + (first == last ? first : "\(first) … \(last)")
    }

    /// A line from `top` down and the sign above it, at the time of the first.
    func svg(x: String, top: Double, height: Double) -> String {
        // A picture of its own can stand at a percentage, which a group can't.
        MarkupText.element(
            "svg",
            [
                "class": "event \(kind.style)", "x": x, "y": MarkupText.coordinate(top),
                "overflow": "visible",
            ],
            MarkupText.element("title", [:], MarkupText.escaped(words))
                + MarkupText.element("line", ["y2": MarkupText.coordinate(height)]) + kind.glyph)
    }
}

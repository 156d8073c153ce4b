/// Rows of tables and options of lists as HTML. Templates find each value by reflection, which for hundreds of
/// rows takes ten times as long as all the rest of the page.
enum TableRows {
    /// Rows of a time and its numbers, with the time for the script.
    static func series(_ rows: [SeriesRow]) -> String {
        joined(rows) { row in
            "<tr data-t=\"\(row.t)\"><th scope=\"row\">\(MarkupText.escaped(row.time))</th>"
                + numbers(row.values) + "</tr>\n"
        }
    }

    static func counters(_ rows: [CounterRows.Row], inWords: Bool) -> String {
        joined(rows) { row in
            let name = MarkupText.escaped(inWords ? CounterRows.words(row.name) : row.name)
            return "<tr><th scope=\"row\">\(inWords ? name : "<code>\(name)</code>")</th>"
                + numbers([row.totalText, row.sinceStartText]) + "</tr>\n"
        }
    }

    static func alerts(_ rows: [AlertPanel.Row]) -> String {
        joined(rows) { row in
            let silence = row.silenced.map { ", " + $0 } ?? ""
            let tone = row.tone == "quiet" ? "" : " class=\"rule-\(row.tone)\""
            return "<tr\(tone)><th scope=\"row\">\(MarkupText.escaped(row.name))"
                + "<small>\(MarkupText.escaped(row.summary))</small></th><td>\(row.severity)</td>"
                + "<td>\(MarkupText.escaped(row.state + silence))</td></tr>\n"
        }
    }

    /// - Parameter key: the attribute that says the code.
    static func countries(_ rows: [GeoPanel.Row], key: String) -> String {
        joined(rows) { row in
            "<tr data-\(key)=\"\(MarkupText.escaped(row.code))\"><th scope=\"row\">\(MarkupText.escaped(row.name))</th>"
                + numbers([row.count]) + "<td>\(row.bar)</td></tr>\n"
        }
    }

    static func minutes(_ rows: [MinuteRows.Row]) -> String {
        joined(rows) { row in
            "<tr><th scope=\"row\">\(MarkupText.escaped(row.time))</th>"
                + (row.isMissing ? "<td class=\"missing\" colspan=\"8\">no sample</td>" : numbers(row.cells))
                + "</tr>\n"
        }
    }

    static func options(_ options: [UsagePanel.Option]) -> String {
        joined(options) { option in
            "<option value=\"\(MarkupText.escaped(option.name))\"\(option.isCurrent ? " selected" : "")>"
                + "\(MarkupText.escaped(option.label))</option>"
        }
    }

    private static func numbers(_ values: [String]) -> String {
        joined(values) { "<td class=\"number\">\(MarkupText.escaped($0))</td>" }
    }

    private static func joined<Row>(_ rows: [Row], _ html: (Row) -> String) -> String {
        var result = ""
        for row in rows { result += html(row) }
        return result
    }
}

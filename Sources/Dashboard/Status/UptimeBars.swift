/// A bar a day, as high as the server was up, as a picture; the table beside it says the same.
struct UptimeBars {
    let days: [PublicStatus.Day]

    /// Below this share a day stands out; nothing runs for months without a restart.
    private static let good = 0.99
    private static let (width, height, step) = (6.0, 40.0, 8.0)

    /// The picture, ready to stand in an HTML page.
    func svg(title: String) -> String {
        let bars = days.enumerated().map { index, day in
            let length = max(2, Self.height * day.uptime)
            let kind = day.uptime >= Self.good ? "up" : day.uptime > 0 ? "partly" : "down"
            return MarkupText.element(
                "rect",
                [
                    "class": "day day-\(kind)", "x": MarkupText.coordinate(Double(index) * Self.step),
                    "y": MarkupText.coordinate(Self.height - length),
                    "width": MarkupText.coordinate(Self.width), "height": MarkupText.coordinate(length),
                    "rx": "1",
                ],
                MarkupText.element(
                    "title", [:], MarkupText.escaped("\(day.name): \(NumberText.percent(day.uptime))")))
        }
        let wide = max(1, Double(days.count) * Self.step - (Self.step - Self.width))
        return MarkupText.element(
            "svg",
            [
                "class": "uptime", "role": "img", "aria-label": title,
                "viewBox": "0 0 \(MarkupText.coordinate(wide)) \(MarkupText.coordinate(Self.height))",
                "preserveAspectRatio": "none",
            ], bars.joined())
    }
}

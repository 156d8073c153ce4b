import SignalboxMetrics

/// What `/api/metrics` answers with: JSON, or the exposition when Accept names it.
enum Negotiation {
    enum Answer: Equatable {
        case json
        case exposition(Exposition.Format)
    }

    /// Chooses by Accept's weights (RFC 9110 §12.5.1). At the same weight what is written first counts.
    /// - Parameter fallback: for no header and for `*/*`.
    static func answer(accept: String?, fallback: Answer) -> Answer {
        best(accept) { media, parameters in answer(media, parameters, fallback) } ?? fallback
    }

    /// Whether a series is asked for as CSV rather than JSON, which is what everything else gets.
    static func prefersCSV(accept: String?) -> Bool {
        best(accept) { media, _ -> Bool? in
            switch media {
            case "text/csv": true
            case "application/json", "application/*", "*/*": false
            default: nil
            }
        } ?? false
    }

    private static func best<Choice>(
        _ accept: String?, _ choice: (String, ArraySlice<String>) -> Choice?
    ) -> Choice? {
        var best: (choice: Choice, weight: Double)?
        for entry in (accept ?? "").split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let media = parts.first, let one = choice(media, parts.dropFirst()) else { continue }
            let weight =
                parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if weight > 0, weight > (best?.weight ?? 0) { best = (one, weight) }
        }
        return best?.choice
    }

    private static func answer(_ media: String, _ parameters: ArraySlice<String>, _ fallback: Answer)
        -> Answer?
    {
        switch media {
        case "application/openmetrics-text":
            // Versions before 1.0 are another format.
            let version = parameters.first { $0.hasPrefix("version=") }
            return version == nil || version == "version=1.0.0" ? .exposition(.openMetrics) : nil
        case "text/plain", "text/*": return .exposition(.text)
        case "application/json", "application/*": return fallback == .json ? .json : nil
        case "*/*": return fallback
        default: return nil
        }
    }
}

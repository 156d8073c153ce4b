/// What is printed when a run has ended.
struct Summary: Sendable {
    let plan: DemoPlan
    let counts: Tally.Counts
    let time: Duration

    var text: String {
        var lines = [
            "After \(seconds) s (seed \(plan.seed)):",
            """
              sent      \(counts.sent) messages in \(plan.rooms) rooms, \(counts.characters) characters of \
            ciphertext, \(counts.sentOverWebSocket) over WebSocket, \
            \(counts.sentAsBrowser) with a browser's User-Agent
            """,
            """
              received  \(counts.receivedInAll) (\(ProgressLine.received(counts))), \
            \(counts.decrypted) decrypted; readers left and came back \(counts.reconnects)×
            """,
            "  refused   \(ProgressLine.refused(counts)), on purpose",
        ]
        if counts.heldBack > 0 {
            lines.append("  waited    \(counts.heldBack)× because the server asked for it (429 or 503)")
        }
        if counts.skipped > 0 {
            lines.append(
                "  skipped   \(counts.skipped) messages, because the server was slower than --rate asks")
        }
        lines.append("  errors    \(counts.errors)")
        for (words, times) in counts.errorWords.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            lines.append("            \(times)× \(words)")
        }
        if counts.faults == 0, counts.sent > 0 {
            lines.append("Every reader got every message once, in order, and could decrypt it.")
        } else {
            lines += counts.faultWords.map { "  fault     \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var seconds: String {
        let tenths = Int((time / .milliseconds(100)).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}

import Foundation

/// Shows how the run goes: in place on a terminal, as plain lines now and then elsewhere.
struct ProgressLine: Sendable {
    let isTerminal = isatty(STDOUT_FILENO) == 1

    /// Called once a second.
    func show(_ counts: Tally.Counts, second: Int) {
        let text = line(counts, second: second)
        if isTerminal {
            write("\r\u{1B}[K" + String(text.prefix(width - 1)))
        } else if second % 5 == 0 {
            write(text + "\n")
        }
    }

    /// Leaves the line in place, so that what follows starts on its own.
    func end() {
        if isTerminal { write("\n") }
    }

    func write(_ text: String) {
        FileHandle.standardOutput.write(Data(text.utf8))
    }

    private func line(_ counts: Tally.Counts, second: Int) -> String {
        """
        \(second) s  sent \(counts.sent)  received \(Self.received(counts))  decrypted \(counts.decrypted)  \
        errors \(counts.errors + counts.faults)  refused \(Self.refused(counts))
        """
    }

    static func received(_ counts: Tally.Counts) -> String {
        ReadingTransport.allCases.map { "\($0.name) \(counts.received[$0, default: 0])" }.joined(
            separator: " · ")
    }

    static func refused(_ counts: Tally.Counts) -> String {
        guard !counts.refused.isEmpty else { return "0" }
        return counts.refused.sorted { $0.key < $1.key }.map { "\($0.key)×\($0.value)" }.joined(
            separator: " ")
    }

    /// The terminal's columns.
    private var width: Int {
        var size = winsize()
        let known = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20
        return known ? Int(size.ws_col) : 120
    }
}

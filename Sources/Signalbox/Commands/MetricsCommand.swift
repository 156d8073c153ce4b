import ArgumentParser
import SignalboxMetrics

/// `signalbox metrics`: everything that is counted, from the vocabulary itself.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print everything that is counted, as docs/metrics.md has it.",
        discussion: "docs/metrics.md is this command's output; a test holds them together.")

    @Flag(name: .long, help: "Print names, types and labels alone, as docs/metric-names.txt has them.")
    var names = false

    func run() { print(names ? ExpositionContract.text : VocabularyDocument.text, terminator: "") }
}

import SignalboxMetrics

/// What the evaluator knows of alerts.
struct AlertFacts: Sendable {
    /// Every rule that is evaluated.
    var rules: [AlertRule] = []
    /// Those that aren't quiet, critical ones first.
    var reports: [AlertReport] = []
    var silences = AlertSilences()

    init() {}

    init(_ evaluator: AlertEvaluator) {
        rules = evaluator.rules
        reports = evaluator.reports
        silences = evaluator.silences
    }

    /// Those that fire.
    var firing: [AlertReport] { reports.filter { $0.state.phase == .firing } }
}

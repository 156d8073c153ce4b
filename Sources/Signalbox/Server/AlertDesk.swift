import Logging
import Notify
import SignalboxMetrics

/// Has the alerts evaluated once a minute and tells the operator what changed: at most one message a minute, so
/// many an hour, and nothing twice.
actor AlertDesk {
    /// How often something is told.
    struct Pace {
        /// ALERT_REPEAT_HOURS in ms; 0: an alert that still fires isn't told again.
        var repeatMilliseconds: Int64
        /// ALERT_NOTES_PER_HOUR.
        var notesPerHour: Int
    }

    private let evaluator: AlertEvaluator
    private let words: AlertWords
    private let pace: Pace
    private let logger: Logger
    private var dispatch: OperatorDispatch?
    /// Notes that channels have in their hands.
    private var underWay: [Int: (told: [(key: AlertKey, phase: AlertPhase)], channels: Int)] = [:]
    private var number = 0
    /// When notes went out within the last hour, Unix ms.
    private var sentAt: [Int64] = []
    private var isHeldBack = false
    private var now: Int64 = 0

    init(_ evaluator: AlertEvaluator, words: AlertWords, pace: Pace, logger: Logger) {
        self.evaluator = evaluator
        self.words = words
        self.pace = pace
        self.logger = logger
    }

    /// Where notes go; nil when no channel is set, which counts as told.
    func use(_ dispatch: OperatorDispatch?) { self.dispatch = dispatch }

    /// Takes a minute's sample.
    func take(_ point: Point) async {
        now = point.t
        for (key, change) in await evaluator.evaluate(point) {
            logger.notice(
                "An alert \(change == .fired ? "fires" : "is resolved")",
                metadata: [
                    "alert": "\(key.name.text)", "limit": key.reason.map { "\($0.text)" } ?? "-",
                ])
        }
        let due = due()
        guard !due.isEmpty, evaluator.mayBeTold else { return }
        // A silenced alert that ended needs no word, and without a channel nobody is there to hear it.
        let quiet = due.filter { dispatch == nil || $0.state.phase == .resolved && $0.silencedUntil != nil }
        if !quiet.isEmpty { await evaluator.told(quiet.map { ($0.key, $0.state.phase) }, at: now) }
        let loud = due.filter { $0.silencedUntil == nil }
        guard let dispatch, !loud.isEmpty, mayTell() else { return }
        number += 1
        underWay[number] = (loud.map { ($0.key, $0.state.phase) }, dispatch.count)
        evaluator.telling(loud.filter { $0.state.phase == .firing }.map(\.key), at: now)
        // The other limits of an alert, which a program takes as one group with those that changed.
        let (told, names) = (Set(loud.map(\.key)), Set(loud.map(\.key.name)))
        let others = evaluator.reports.filter {
            $0.state.phase == .firing && $0.silencedUntil == nil && !told.contains($0.key)
                && names.contains($0.key.name)
        }
        dispatch.submit(words.note(of: loud, beside: others, number: number, now: now))
    }

    /// What somebody should hear of now.
    private func due() -> [AlertReport] {
        let waiting = Set(underWay.values.flatMap { $0.told.map(\.key) })
        return evaluator.reports.filter { report in
            guard !waiting.contains(report.key) else { return false }
            switch report.state.phase {
            case .inactive, .pending: return false
            case .resolved: return true
            case .firing:
                let told = report.state.toldAt
                return told == 0
                    || pace.repeatMilliseconds > 0 && now - told >= pace.repeatMilliseconds
            }
        }
    }

    private func mayTell() -> Bool {
        sentAt.removeAll { $0 <= now - 3_600_000 || $0 > now }
        guard sentAt.count < pace.notesPerHour else {
            if !isHeldBack {
                logger.warning(
                    "Messages about alerts are held back: ALERT_NOTES_PER_HOUR are out within an hour.")
            }
            isHeldBack = true
            return false
        }
        isHeldBack = false
        sentAt.append(now)
        return true
    }

    /// What became of a note on one channel. Told is what one channel took; what none took, after all tries, is
    /// given up, and told again when its time to be repeated comes.
    func came(_ outcome: Notify.DeliveryOutcome, of note: OperatorNote) async {
        guard var known = underWay[note.number] else { return }
        known.channels -= 1
        // A channel that is away for an hour must not keep the others from what comes next.
        let isDone = outcome == .delivered || known.channels == 0
        underWay[note.number] = isDone ? nil : known
        if outcome == .delivered || (isDone && outcome == .failed) {
            await evaluator.told(known.told, at: now)
        } else if isDone {
            evaluator.telling(
                known.told.filter { $0.phase == .firing }.map(\.key), at: now, cameToNothing: true)
        }
    }
}

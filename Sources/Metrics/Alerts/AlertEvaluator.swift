import Logging
import Synchronization

/// Evaluates the rules once a minute over the server's own minutes, and remembers what fires.
///
/// It runs on what is in memory: a store that can't be written or read stops neither evaluation nor notes.
public final class AlertEvaluator: Sendable {
    public let rules: [AlertRule]
    public let book: AlertBook
    private let history: History
    private let meter: Meter
    private let logger: Logger
    private let box: Mutex<State>
    private let store = PatientReader()

    private struct State {
        var series: AlertSeries?
        var states: [AlertKey: AlertState] = [:]
        var silences = AlertSilences()
        /// Changes that the store hasn't taken yet.
        var unwritten: [AlertBook.Event] = []
        /// States that the store hasn't taken yet.
        var changed: Set<AlertKey> = []
        var isRestored = false
        /// Whether silences were read in this run, and how often they couldn't be before.
        var (knowsSilences, silenceFailures) = (false, 0)
        /// Whether it was said that the store doesn't take what alerts do.
        var isBehind = false
    }

    /// Evaluations for which nothing is told while silences can't be read: what is silenced must not be heard
    /// because of a restart, and what says that the store can't be read must be.
    private static let silencePatience = 3

    /// Changes kept for a store that takes none.
    private static let unwrittenMax = 1_000

    init(_ thresholds: AlertThresholds, history: History, meter: Meter, logger: Logger) {
        rules = AlertRules.inside(thresholds)
        self.history = history
        self.meter = meter
        self.logger = logger
        book = AlertBook(history.store.database)
        box = Mutex(State())
    }

    /// Takes a minute's sample and says what changed by it.
    @discardableResult
    public func evaluate(_ point: Point) async -> [(key: AlertKey, change: AlertChangeKind)] {
        await restore(before: point.t)
        let past = await past(point.t)
        let silences = await store.ask { [book] in try await book.silences(now: point.t) }
        let changes = box.withLock { state -> [(key: AlertKey, change: AlertChangeKind)] in
            state.series?.add(point)
            state.series?.before.merge(past) { $1 }
            if let silences {
                (state.silences, state.knowsSilences) = (silences, true)
            } else if !state.knowsSilences {
                state.silenceFailures += 1
            }
            return Self.advance(&state, rules, now: point.t)
        }
        for change in changes { meter.add(.alertChanges(change.change)) }
        meter.add(.alertEvaluations(silences == nil ? .failed : .ok))
        await save()
        return changes
    }

    private static func advance(
        _ state: inout State, _ rules: [AlertRule], now: Int64
    ) -> [(key: AlertKey, change: AlertChangeKind)] {
        guard let series = state.series else { return [] }
        var changes: [(key: AlertKey, change: AlertChangeKind)] = []
        for rule in rules {
            for key in rule.keys {
                let known = state.states[key] ?? AlertState()
                var next = known
                let holds = rule.condition.holds(series, reason: key.reason)
                if let change = next.advance(to: now, holds: holds, rule) {
                    changes.append((key, change))
                    state.unwritten.append(.init(t: now, key: key, change: change))
                }
                guard next != known else { continue }
                state.states[key] = next.phase == .inactive ? nil : next
                if next.phase != known.phase { state.changed.insert(key) }
            }
        }
        state.unwritten = state.unwritten.suffix(unwrittenMax)
        return changes
    }

    /// Notes that somebody was told of these alerts, so that it isn't said again after a restart.
    /// - Parameter told: what it was told of each; one that has changed meanwhile is still to be told.
    public func told(_ told: [(key: AlertKey, phase: AlertPhase)], at now: Int64) async {
        box.withLock { state in
            for (key, phase) in told where state.states[key]?.phase == phase {
                switch phase {
                case .firing: state.states[key]?.toldAt = now
                case .resolved: state.states[key] = nil
                case .inactive, .pending: continue
                }
                state.changed.insert(key)
            }
        }
        await save()
    }

    /// Notes that these are being told, or that it came to nothing: one that ends meanwhile is then told to have
    /// ended.
    public func telling(_ keys: [AlertKey], at now: Int64, cameToNothing: Bool = false) {
        box.withLock { state in
            for key in keys where state.states[key]?.phase == .firing {
                state.states[key]?.toldAt = cameToNothing ? 0 : now
            }
        }
    }

    /// Every alert that isn't inactive, in the order of the rules, critical ones first.
    public var reports: [AlertReport] {
        let (states, silences) = box.withLock { ($0.states, $0.silences) }
        let all = rules.flatMap { rule -> [AlertReport] in
            rule.keys.compactMap { key in
                states[key].map {
                    AlertReport(
                        key: key, rule: rule, state: $0, silencedUntil: silences.until(rule.name))
                }
            }
        }
        return AlertSeverity.allCases.flatMap { severity in all.filter { $0.rule.severity == severity } }
    }

    /// Silences in force at the last evaluation.
    public var silences: AlertSilences { box.withLock { $0.silences } }

    /// Whether it is known who may be told of what, or was waited for long enough.
    public var mayBeTold: Bool {
        box.withLock { $0.knowsSilences || $0.silenceFailures >= Self.silencePatience }
    }

    /// Reads silences anew, for a page that has just made one.
    public func readSilences(now: Int64) async throws {
        let silences = try await book.silences(now: now)
        box.withLock { ($0.silences, $0.knowsSilences) = (silences, true) }
    }

    /// How many alerts fire.
    var firing: Int { box.withLock { state in state.states.values.count { $0.phase == .firing } } }

    /// Which alerts fire, each once however many limits it is about.
    var firingNames: Set<AlertName> {
        box.withLock { state in Set(state.states.filter { $0.value.phase == .firing }.map(\.key.name)) }
    }

    // MARK: The store

    private func restore(before t: Int64) async {
        guard !box.withLock({ $0.isRestored }) else { return }
        let series = await store.ask { [history] in try await history.alertSeries(now: t - 1) }
        let known = await store.ask { [book] in try await book.states() }
        guard let series, var states = known else {
            logger.warning("The past of alerts can't be read from the store; it will be tried again.")
            return box.withLock { $0.series = $0.series ?? AlertSeries() }
        }
        // What held when the run before ended counts as held until now, or a restart would end it too soon.
        for key in states.keys { states[key]?.heldAt = t }
        box.withLock { [states] state in
            state.series = series
            state.states.merge(states) { known, _ in known }
            state.isRestored = true
        }
    }

    /// What limits counted at the same time of other days, as far as the store answers.
    private func past(_ t: Int64) async -> [Int: [StoredStat: Int64]] {
        var before: [Int: [StoredStat: Int64]] = [:]
        let columns = LimitReason.allCases.compactMap { StoredStat.limited[$0] }
        for ago in AlertRules.agos {
            before[ago] = await store.ask { [history] in
                try await history.sums(
                    columns, minutes: AlertRules.limitMinutes, until: t - Int64(ago) * minuteMilliseconds)
            }
        }
        return before
    }

    private func save() async {
        let (states, events) = box.withLock { state in
            (
                Dictionary(
                    uniqueKeysWithValues: state.changed.map { ($0, state.states[$0] ?? AlertState()) }),
                state.unwritten
            )
        }
        guard !states.isEmpty || !events.isEmpty else { return }
        let written: Void? = await store.ask { [book] in try await book.write(states, events) }
        guard written != nil else {
            let isNews = box.withLock { state in
                defer { state.isBehind = true }
                return !state.isBehind
            }
            // Each minute would tell nothing new, and the store says for itself why it can't be written.
            if isNews {
                logger.warning("What alerts do can't be noted in the store; it will be tried again.")
            }
            return
        }
        box.withLock { state in
            state.isBehind = false
            for (key, written) in states where (state.states[key] ?? AlertState()).isWritten(as: written) {
                state.changed.remove(key)
            }
            state.unwritten.removeFirst(min(events.count, state.unwritten.count))
        }
    }
}

extension AlertState {
    /// Whether what the store has of the state is still true.
    fileprivate func isWritten(as other: AlertState) -> Bool {
        phase == other.phase && since == other.since && toldAt == other.toldAt
    }
}

/// What an alert is now.
public enum AlertPhase: String, Sendable {
    case inactive
    /// The condition holds, but not for long enough.
    case pending
    case firing
    /// No longer firing, and nobody was told so far.
    case resolved
}

/// One alert's state.
public struct AlertState: Sendable, Equatable {
    public var phase = AlertPhase.inactive
    /// When the condition began to hold, Unix ms.
    public var since: Int64 = 0
    /// When it was last seen to hold, Unix ms.
    var heldAt: Int64 = 0
    /// When it was resolved, Unix ms; 0 before.
    public var resolvedAt: Int64 = 0
    /// When somebody was told that it fires, Unix ms; 0: nobody so far.
    public var toldAt: Int64 = 0

    public init() {}

    /// The state after one more minute.
    /// - Parameters:
    ///   - now: Unix ms.
    ///   - rule: for how long the condition must hold, and be away.
    /// - Returns: how it changed, where somebody should hear of it.
    mutating func advance(to now: Int64, holds: Bool, _ rule: AlertRule) -> AlertChangeKind? {
        // A clock that was set back must not keep an alert as it is until then.
        (since, heldAt, toldAt) = (min(since, now), min(heldAt, now), min(toldAt, now))
        switch (phase, holds) {
        case (.inactive, false): break
        case (.inactive, true), (.resolved, true):
            (phase, since, heldAt) = (.pending, now, now)
            return fire(now, rule)
        case (.pending, false):
            // An end that nobody has heard of is still to be told.
            if resolvedAt > 0 { phase = .resolved } else { self = AlertState() }
        case (.pending, true):
            heldAt = now
            return fire(now, rule)
        case (.firing, true): heldAt = now
        case (.firing, false):
            guard now - heldAt > Int64(rule.keep) * minuteMilliseconds else { break }
            (phase, resolvedAt) = (.resolved, now)
            // Nobody heard that it fired, so nobody needs to hear that it ended.
            if toldAt == 0 { self = AlertState() }
            return .resolved
        case (.resolved, false): break
        }
        return nil
    }

    private mutating func fire(_ now: Int64, _ rule: AlertRule) -> AlertChangeKind? {
        guard now - since >= Int64(rule.hold) * minuteMilliseconds else { return nil }
        // What fires again before anybody heard of its end is told anew.
        (phase, resolvedAt, toldAt) = (.firing, 0, 0)
        return .fired
    }
}

/// One alert with its rule and state, for pages and notes.
public struct AlertReport: Sendable {
    public let key: AlertKey
    public let rule: AlertRule
    public let state: AlertState
    /// Until when nobody is told, Unix ms; nil when it isn't silenced.
    public let silencedUntil: Int64?

    init(key: AlertKey, rule: AlertRule, state: AlertState, silencedUntil: Int64?) {
        self.key = key
        self.rule = rule
        self.state = state
        self.silencedUntil = silencedUntil
    }

    /// One that fires for a test.
    /// - Parameter now: Unix ms.
    public init(test rule: AlertRule, at now: Int64) {
        var state = AlertState()
        (state.phase, state.since, state.heldAt) = (.firing, now, now)
        self.init(
            key: AlertKey(rule.name, reason: rule.name.isByLimit ? .clientRate : nil), rule: rule,
            state: state,
            silencedUntil: nil)
    }
}

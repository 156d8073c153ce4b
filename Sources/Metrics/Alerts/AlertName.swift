/// Every alert there is. The text is its name in Prometheus, in notes, and of its page in docs/runbooks.
public enum AlertName: Int, Label {
    case errorBudgetBurnFast, errorBudgetBurnSlow, serverErrorsAtLowTraffic
    case limitTooTight, clientMisbehaving
    case deliveriesSlow, requestsSlow
    case roomMemoryNearLimit, inboxMemoryNearLimit, roomsNearLimit
    case storeNotWriting, storeSetAside, historyGap
    case uncleanRestart, restartLoop
    case countryDatabaseStale, loginAttempts, alertsUndelivered
    /// Only somebody outside can tell: a rule for Prometheus alone.
    case down

    public static let key = "alert"
    @inlinable public static var count: Int { 19 }

    public var text: String {
        let name = String(describing: self)
        return "Signalbox" + name.prefix(1).uppercased() + name.dropFirst()
    }

    /// Whether there is one for each limit.
    public var isByLimit: Bool { self == .limitTooTight || self == .clientMisbehaving }

    /// Those that the server evaluates itself.
    public static let inside = allCases.filter { $0 != .down }

    /// nil for a text that is no alert's.
    public init?(text: String) {
        guard let found = Self.allCases.first(where: { $0.text == text }) else { return nil }
        self = found
    }
}

/// How soon somebody should look.
public enum AlertSeverity: String, Sendable, CaseIterable {
    /// Now, at 3 a.m. too.
    case critical
    /// Today.
    case warning
    /// When there is time.
    case info
}

/// One alert, of which there may be one for each limit.
public struct AlertKey: Hashable, Sendable {
    public let name: AlertName
    /// The limit it is about; nil for an alert that isn't about one.
    public let reason: LimitReason?

    public init(_ name: AlertName, reason: LimitReason? = nil) {
        self.name = name
        self.reason = reason
    }

    /// Whether a rule inside the server is about it.
    var isEvaluated: Bool {
        AlertName.inside.contains(name) && name.isByLimit == (reason != nil)
    }
}

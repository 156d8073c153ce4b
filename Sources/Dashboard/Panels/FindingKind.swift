import SignalboxMetrics

extension Finding.Kind {
    /// What the usage chart should show to see its course; nil where there is no course.
    var metric: String? {
        switch self {
        case .serverErrors: "http_5xx"
        case .turnedAway: "over_capacity"
        case .slowRequests: "request_p99_us"
        case .slowDeliveries: "delivery_p99_us"
        case .manyLimited: "http_429"
        case .roomsNearCap: "active_rooms"
        case .memoryNearCap: "room_buffer_bytes"
        case .refusedLogins: "logins_refused"
        default: nil
        }
    }

    /// The findings that say in their own words why an alert fires.
    static func said(by alert: AlertName) -> [Finding.Kind] {
        switch alert {
        case .errorBudgetBurnFast, .errorBudgetBurnSlow, .serverErrorsAtLowTraffic: [.serverErrors]
        case .limitTooTight, .clientMisbehaving: [.manyLimited]
        case .deliveriesSlow: [.slowDeliveries]
        case .requestsSlow: [.slowRequests]
        case .roomMemoryNearLimit: [.memoryNearCap]
        case .roomsNearLimit: [.roomsNearCap]
        case .storeNotWriting: [.storeNotWritable, .flushOverdue]
        case .storeSetAside: [.storeSetAside]
        case .uncleanRestart: [.uncleanStart]
        case .countryDatabaseStale: [.countryDatabaseOld]
        case .loginAttempts: [.refusedLogins]
        case .inboxMemoryNearLimit, .historyGap, .restartLoop, .alertsUndelivered, .down: []
        }
    }
}

import SignalboxMetrics
import Web

/// Refusals that several routes share.
enum Refused {
    static let badRoom = FrontResponse.refusal(.badRequest, ErrorBody("bad roomId", reason: "bad_room_id"))

    static let roomCap = FrontResponse.refusal(
        .serviceUnavailable, ErrorBody("room cap reached", reason: "room_cap"), retryAfter: 60)

    /// The path names no possible handle.
    static let badHandle = FrontResponse.refusal(
        .badRequest, ErrorBody("invalid handle", reason: "bad_handle"))

    static let unknownHandle = FrontResponse.refusal(
        .notFound, ErrorBody("no such handle", reason: "unknown_handle"))

    static let storeUnavailable = FrontResponse.refusal(
        .serviceUnavailable,
        ErrorBody("the store is not available", reason: "store_unavailable", detail: "try again shortly"),
        retryAfter: 5)

    static let replayCacheWords = "replay-cache full for this handle"

    static func replayCache(retryAfter seconds: Int) -> FrontResponse {
        limited(replayCacheWords, .replayCache, retryAfter: seconds)
    }

    static func limited(_ error: String, _ reason: LimitReason, retryAfter: Int) -> FrontResponse {
        .refusal(.tooManyRequests, ErrorBody(error, reason: reason.text), retryAfter: retryAfter)
    }

    /// As many long-polls are parked as may be, and it is counted.
    static func waiters(_ reason: LimitReason, _ meter: Meter, _ client: IPAddress) -> FrontResponse {
        meter.limited(reason, by: client.limitKey.hashValue)
        let whose =
            switch reason {
            case .waitersPerRoom: "for this room"
            case .waitersPerHandle: "for this handle"
            default: "from this IP"
            }
        return limited("too many concurrent waiters \(whose)", reason, retryAfter: 5)
    }

    static func rate(_ reason: LimitReason, retryAfter: Int) -> FrontResponse {
        limited("rate limited", reason, retryAfter: retryAfter)
    }

    static func bad(_ error: String, _ reason: String) -> FrontResponse {
        .refusal(.badRequest, ErrorBody(error, reason: reason))
    }

    static func malformed(_ error: any Error) -> FrontResponse {
        .refusal(.badRequest, ErrorBody("malformed JSON", reason: "malformed_json", detail: "\(error)"))
    }

    /// What a signed request is told; nil when its signature is good.
    static func signature(_ check: SignatureCheck) -> FrontResponse? {
        switch check {
        case .good: nil
        case .bad, .replayed:
            .refusal(.unauthorized, ErrorBody("bad or missing signature", reason: "bad_signature"))
        case .full(let seconds): replayCache(retryAfter: seconds)
        }
    }
}

extension FrontRequest {
    /// `?after=`, never below 0; 0 when it is missing or no number.
    var after: UInt64 { UInt64(max(0, query.lenientInteger("after") ?? 0)) }

    /// `?timeout=` in seconds: 1 to 90, 30 when it is missing or no number. 0 means "don't wait".
    var timeout: Int64 {
        let asked = query.lenientInteger("timeout") ?? 30
        return asked == 0 || method == .head ? 0 : max(1, min(90, asked))
    }
}

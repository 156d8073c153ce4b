import SignalboxMetrics
import Web

/// What a signature turned out to be.
enum SignatureCheck: Equatable {
    case good
    case bad
    case replayed
    /// The handle has signed as much as is remembered of it; in how many seconds there is room again.
    case full(retryAfter: Int)
}

/// Requests signed by a handle's owner: `Authorization: Bot2Bot ts=<ms>,n=<nonce>,sig=<base64>` over
/// `<METHOD> <url as sent> <ts> <nonce>`.
struct SignedRequests: Sendable {
    let book: IdentityBook
    let cache: ReplayCache
    let meter: Meter
    let clock: WallClock

    /// Checks the request's signature and uses its nonce up. The limits come before this.
    func check(_ request: FrontRequest, of identity: Identity) -> SignatureCheck {
        let result = verify(request, identity)
        meter.count(result, of: .request, by: identity.handle.hashValue)
        if result == .good { book.touch(identity.handle) }
        return result
    }

    private func verify(_ request: FrontRequest, _ identity: Identity) -> SignatureCheck {
        guard let proof = SignedTime(authorization: request.header("authorization") ?? "") else {
            return .bad
        }
        return proof.check(by: identity, book.limits, cache, clock.now()) {
            // As sent: a proxy or a router that tidies the address would break every signature.
            "\(request.head.methodText) \(request.head.uri) \($0.timestamp) \($0.nonce)"
        }
    }
}

/// The parts that every signed text of a handle has in common: a time, a nonce and the signature.
struct SignedTime {
    /// Unix ms.
    let timestamp: Int64
    let nonce: String
    let signature: [UInt8]

    init?(timestamp: Int64?, nonce: String, signature: String) {
        guard let timestamp, timestamp != 0, (16...64).contains(nonce.utf8.count),
            nonce.utf8.allSatisfy(Self.isAllowed),
            let bytes = Base64.decode(signature, count: Ed25519.signatureBytes)
        else { return nil }
        self.timestamp = timestamp
        self.nonce = nonce
        self.signature = bytes
    }

    /// The header's value: parts between commas, in any order; of a repeated one the last counts.
    init?(authorization: String) {
        let scheme = "Bot2Bot "
        guard authorization.hasPrefix(scheme) else { return nil }
        var parts: [String: String] = [:]
        for part in authorization.dropFirst(scheme.count).split(separator: ",") {
            let pair = String(part).javaScriptTrimmed.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            parts[String(pair[0])] = pair.count > 1 ? String(pair[1]) : ""
        }
        self.init(
            timestamp: Query.leadingInteger(parts["ts"] ?? ""), nonce: parts["n"] ?? "",
            signature: parts["sig"] ?? "")
    }

    /// Checks time, nonce and signature in the order of their cost, and uses the nonce up.
    func check(
        by identity: Identity, _ limits: IdentityLimits, _ cache: ReplayCache, _ now: Int64,
        text: (SignedTime) -> String
    ) -> SignatureCheck {
        guard limits.isInTime(timestamp, now) else { return .bad }
        guard !cache.has(nonce, of: identity.handle, now: now) else { return .replayed }
        guard Ed25519.verify(signature, of: text(self), by: identity.signKeyBytes) else { return .bad }
        let expiry = timestamp + limits.skewMilliseconds
        return switch cache.remember(nonce, of: identity.handle, until: expiry, now: now) {
        case .fresh: .good
        case .replayed: .replayed
        case .full(let seconds): .full(retryAfter: seconds)
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        RoomID.isAllowed(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
            || byte == UInt8(ascii: "=")
    }
}

extension IdentityLimits {
    /// Whether a signature's time, in Unix ms, is near enough to now.
    func isInTime(_ timestamp: Int64, _ now: Int64) -> Bool {
        let (difference, overflow) = now.subtractingReportingOverflow(timestamp)
        return !overflow && difference.magnitude <= UInt64(skewMilliseconds)
    }
}

extension Meter {
    /// Counts a signature.
    /// - Parameter who: the handle's hash value.
    func count(_ check: SignatureCheck, of act: SignedAct, by who: Int) {
        let result: SignatureResult =
            switch check {
            case .good: .accepted
            case .bad: .refused
            case .replayed: .replayed
            case .full: .cacheFull
            }
        add(.signatures(act, result))
        if result == .cacheFull { limited(.replayCache, by: who) }
    }
}

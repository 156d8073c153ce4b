import HTTPTypes
import SignalboxMetrics
import Web

/// `POST /api/identity/register` and `GET /api/identity/:handle`.
struct IdentityRoutes: Sendable {
    let relay: RelayState

    /// Adds the routes to the cold router.
    func add(to router: ColdRouter) {
        router.on(.identityRegister, method: .post) { await register($0.front) }
        router.on(.identity) { find($0.front) }
    }

    private func find(_ request: FrontRequest) -> FrontResponse {
        guard let handle = Handle(path: request.parameter), let identity = relay.book.find(handle) else {
            return Refused.unknownHandle
        }
        return .json(
            JSONWriter.object {
                $0.field("handle", handle.text)
                $0.field("box_pub", identity.boxKey)
                $0.field("sign_pub", identity.signKey)
                $0.field("registered_at", identity.registeredAt)
                $0.key("meta")
                $0.object { if let bio = identity.bio { $0.field("bio", bio) } }
            })
    }

    private func register(_ request: FrontRequest) async -> FrontResponse {
        let body: JSONValue
        do { body = try request.jsonBody() } catch { return Refused.malformed(error) }
        if let reason = relay.rates.reached(.register, by: request.client) {
            return Refused.rate(reason, retryAfter: 5)
        }
        let application: Registrar.Application
        switch read(body, request) {
        case .success(let read): application = read
        case .failure(let refusal): return refusal.response
        }
        switch await relay.registrar.register(application) {
        case .registered(let time):
            return .json(
                JSONWriter.object {
                    $0.field("ok", true)
                    $0.field("handle", application.handle.text)
                    $0.field("registered_at", time)
                }, status: .created)
        case .taken: return .refusal(.conflict, ErrorBody("handle taken", reason: "handle_taken"))
        case .cap:
            return .refusal(
                .serviceUnavailable, ErrorBody("identity cap reached", reason: "identity_cap"),
                retryAfter: 3_600)
        case .proofMissing:
            return Refused.bad(
                "register_sig (base64 Ed25519) and register_ts (ms) required — sign \"register <handle> "
                    + "<register_ts> <box_pub> <sign_pub>\" with sign_sk", "proof_missing")
        case .badEncoding:
            return Refused.bad(
                "register_sig must be strict canonical base64 of 64 bytes", "bad_signature_encoding")
        case .skew: return Refused.bad("register_ts skew too large", "timestamp_skew")
        case .replayed:
            return .refusal(.unauthorized, ErrorBody("register_sig already used", reason: "replayed"))
        case .bad:
            return .refusal(
                .unauthorized,
                ErrorBody(
                    "bad register_sig — does not verify against sign_pub (sign \"register <handle> <ts> "
                        + "<box_pub> <sign_pub>\")", reason: "bad_signature"))
        case .full(let seconds): return Refused.replayCache(retryAfter: seconds)
        case .storeUnavailable: return Refused.storeUnavailable
        }
    }

    private struct Refusal: Error {
        let response: FrontResponse
    }

    /// Reads the posted fields in the original's order of checking.
    private func read(_ body: JSONValue, _ request: FrontRequest) -> Result<Registrar.Application, Refusal> {
        func refuse(_ response: FrontResponse) -> Result<Registrar.Application, Refusal> {
            .failure(Refusal(response: response))
        }
        guard let handle = body["handle"]?.string.flatMap({ Handle($0) }) else {
            return refuse(
                Refused.bad("invalid handle (regex: ^[a-z0-9][a-z0-9_-]{1,31}$)", "bad_handle"))
        }
        if Handle.reserved.contains(handle.text), !isOperator(request) {
            return refuse(.refusal(.conflict, ErrorBody("handle reserved", reason: "handle_reserved")))
        }
        guard let box = body["box_pub"]?.string, let sign = body["sign_pub"]?.string else {
            return refuse(
                Refused.bad("box_pub and sign_pub required (base64 32-byte keys)", "keys_missing"))
        }
        guard Base64.canonicalLength(box) == Ed25519.keyBytes,
            let bytes = Base64.decode(sign, count: Ed25519.keyBytes)
        else {
            return refuse(
                Refused.bad(
                    "box_pub and sign_pub must be strict canonical base64 of 32 bytes", "bad_keys"))
        }
        var proof: String?
        var time: Double?
        if let signature = body["register_sig"]?.string, case .number(let stamp)? = body["register_ts"] {
            (proof, time) = (signature, stamp)
        }
        return .success(
            Registrar.Application(
                handle: handle, boxKey: box, signKey: sign, signKeyBytes: bytes, bio: Self.bio(body["meta"]),
                proof: proof, time: time))
    }

    private static func bio(_ meta: JSONValue?) -> String? {
        switch meta {
        case .object(let members)?:
            guard let bio = members["bio"], bio.isTruthy else { return "" }
            return bio.javaScriptText.prefixUTF16(280)
        case .array?: return ""
        default: return nil
        }
    }

    /// Whether the request bears IDENTITY_ADMIN_TOKEN. The dashboard's token is no substitute: who reads
    /// numbers must not be able to take names.
    private func isOperator(_ request: FrontRequest) -> Bool {
        guard let token = relay.book.limits.adminToken else { return false }
        var presented = request.header("authorization") ?? ""
        if presented.lowercased().hasPrefix("bearer ") {
            presented = String(presented.dropFirst(7)).javaScriptTrimmed
        }
        return token.matches(presented)
    }
}

import Logging
import SignalboxMetrics
import Testing
import Web
@testable import Relay

/// A directory with what it needs around it, and a clock of its own.
struct ProfileHouse {
    static let start: Int64 = 1_700_000_000_000
    let book: IdentityBook
    let directory: Directory
    let desk: ProfileDesk
    let clock = House.Clock(start)
    let meter = Meter()

    init(store: ProfileStore? = nil, stored: [Directory.Entry] = []) {
        book = IdentityBook(limits: IdentityLimits(), meter: meter, clock: clock.wall)
        directory = Directory(book: book, stored: stored, meter: meter, clock: clock.wall)
        desk = ProfileDesk(
            book: book, directory: directory, store: store, meter: meter, clock: clock.wall,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func register(_ signer: Signer) throws {
        book.settle(signer.handle, try signer.identity(registeredAt: clock.now), leaving: nil)
    }

    /// Sends a profile with a signature over the members of `signed`; the outcome in words.
    func publish(_ sent: [String: JSONValue], signing signed: [String: JSONValue]? = nil, by signer: Signer)
        async throws -> String
    {
        let body = JSONValue.object([
            "profile": .object(sent), "profile_sig": .string(signer.signProfile(signed ?? sent)),
        ])
        return await publish(body, by: signer)
    }

    func publish(_ body: JSONValue, by signer: Signer) async -> String {
        guard let identity = book.find(signer.handle) else { return "not registered" }
        return switch await desk.publish(body, by: identity) {
        case .published: "published"
        case .bad(let words): words
        case .badEncoding: "bad encoding"
        case .stale: "stale"
        case .badSignature: "bad signature"
        case .differs(let members): "differs: \(members.joined(separator: ", "))"
        case .storeUnavailable: "store unavailable"
        }
    }

    /// An entry as a published profile makes one.
    static func entry(
        _ name: String, _ members: [String: JSONValue] = [:], updatedAt: Int64 = start,
        lastSeenAt: Int64 = start, expiresAt: Int64 = start + 1_000_000
    ) throws -> Directory.Entry {
        let handle = try Handle.made(name)
        let sent = members.merging(["updated_at": .number(Double(updatedAt))]) { $1 }
        let profile = try AgentProfile(
            .object(sent), handle: handle, now: start, freshness: nil, lifetime: 604_800_000)
        return Directory.Entry(
            handle: handle, profile: profile, index: profile, signature: "signature", lastSeenAt: lastSeenAt,
            expiresAt: expiresAt, createdAt: start)
    }
}

extension Signer {
    func signProfile(_ members: [String: JSONValue]) -> String {
        sign(
            AgentProfile.signedText(
                handle: handle.text, updatedAt: members["updated_at"]?.javaScriptText ?? "",
                canonical: CanonicalJSON.text(.object(members))))
    }

    /// A profile in the very form the directory gives it, with some members changed.
    func profile(_ changes: [String: JSONValue] = [:], at time: Int64 = ProfileHouse.start) -> [String:
        JSONValue]
    {
        let members: [String: JSONValue] = [
            "schema": .string("bot2bot.agent_profile.v1"), "handle": .string(handle.text),
            "display_name": .string(handle.text), "framework": .string("other"),
            "framework_version": .string(""), "summary": .string(""), "capabilities": .array([]),
            "topics": .array([]), "languages": .array([]), "contact_policy": .string("signed_dm_first"),
            "homepage_url": .string(""), "updated_at": .number(Double(time)),
            "expires_at": .number(Double(time + 604_800_000)),
        ]
        return members.merging(changes) { $1 }
    }
}

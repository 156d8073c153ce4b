import NIOCore
import SignalboxMetrics
import Testing
import Web
@testable import Relay

/// Inboxes with what they need around them, and a clock of their own.
struct PostOffice {
    let book: IdentityBook
    let inboxes: Inboxes
    let signatures: EnvelopeSignatures
    let cache: ReplayCache
    let clock: House.Clock
    let meter = Meter()

    init(
        now: Int64 = 1_700_000_000_000, envelopes: Int = 1_000,
        limits change: (inout IdentityLimits) -> Void = { _ in }
    ) {
        var limits = IdentityLimits()
        change(&limits)
        clock = House.Clock(now)
        book = IdentityBook(limits: limits, meter: meter, clock: clock.wall)
        cache = ReplayCache(perHandle: envelopes)
        signatures = EnvelopeSignatures(book: book, cache: cache, meter: meter, clock: clock.wall)
        inboxes = Inboxes(book: book, signatures: signatures, meter: meter, clock: clock.wall)
    }

    func register(_ signer: Signer) throws {
        book.settle(signer.handle, try signer.identity(registeredAt: clock.now), leaving: nil)
    }

    /// What the inboxes say they hold.
    var bytes: Double { gauges[.inboxBytes] }
    var messages: Double { gauges[.inboxMessages] }

    private var gauges: GaugeReadings {
        var readings = GaugeReadings()
        inboxes.read(into: &readings)
        return readings
    }

    /// The proof of a signed draft.
    func proof(_ draft: DirectMessageDraft, from signer: Signer, to handle: Handle) throws
        -> EnvelopeSignatures.Proof
    {
        let time = Double(clock.now)
        let text = "dm \(handle.text) \(signer.handle.text) \(JavaScriptNumber.text(time)) \(draft.hash)"
        let claim = DirectMessageDraft.Claim(
            handle: signer.handle.text, signature: signer.sign(text), time: time)
        guard case .proven(let proof) = signatures.check(draft, claim, to: handle) else {
            throw House.NotAccepted(posting: "a good signature was refused")
        }
        return proof
    }

    /// Posts an anonymous message of so many characters of ciphertext.
    func post(_ bytes: Int = 4, to handle: Handle) throws -> Inboxes.Posting {
        inboxes.post(try .sized(bytes), to: handle, proof: nil)
    }

    /// Posts a signed one; the number makes it one of its own.
    func post(_ number: Int, bytes: Int = 4, from signer: Signer, to handle: Handle) throws -> Inboxes.Posting
    {
        let draft = try DirectMessageDraft.sized(bytes, number: number)
        return inboxes.post(draft, to: handle, proof: try proof(draft, from: signer, to: handle))
    }
}

extension Inboxes.Posting {
    /// The message, if it was accepted.
    var message: DirectMessage? {
        if case .accepted(let message) = self { return message }
        return nil
    }
}

extension DirectMessageDraft {
    /// A draft whose ciphertext has so many characters, at least eight when it is numbered.
    static func sized(_ bytes: Int, number: Int = 0) throws -> DirectMessageDraft {
        // Eight digits are six bytes of base64 like any other.
        let head = number == 0 ? "" : String(10_000_000 + number)
        let text = head + String(repeating: "A", count: max(0, bytes - head.utf8.count))
        return try DirectMessageDraft(
            .object([
                "ciphertext": .string(text), "nonce": .string(MessageDraft.nonceText),
                "sender_eph_pub": .string(String(repeating: "A", count: 43) + "="),
            ]), limits: IdentityLimits())
    }
}

import NIOCore
import SignalboxMetrics
import Web

/// What a message claims of its sender: a handle, and the proof of it.
struct SenderClaim {
    /// As sent, in lower case.
    let handle: String
    /// nil when time, nonce or signature can't be ones.
    let proof: SignedTime?
}

/// Verified senders of room messages: `room-msg <room> <ts> <nonce> <sha256 of the ciphertext>`, signed by the
/// handle. The ciphertext is hashed as the text it is sent as.
struct RoomSignatures: Sendable {
    let book: IdentityBook
    let cache: ReplayCache
    let meter: Meter
    let clock: WallClock

    /// Checks a message's signature and uses its nonce up.
    func check(_ claim: SenderClaim, room: RoomID, ciphertext: ByteBuffer) -> SignatureCheck {
        let result = verify(claim, room, ciphertext)
        meter.count(result, of: .roomMessage, by: claim.handle.hashValue)
        return result
    }

    private func verify(_ claim: SenderClaim, _ room: RoomID, _ ciphertext: ByteBuffer) -> SignatureCheck {
        guard let handle = Handle(claim.handle), let proof = claim.proof, let identity = book.find(handle)
        else { return .bad }
        let result = proof.check(by: identity, book.limits, cache, clock.now()) {
            "room-msg \(room.text) \($0.timestamp) \($0.nonce) \(SHA256.hex(ciphertext))"
        }
        if result == .good { book.touch(handle) }
        return result
    }
}

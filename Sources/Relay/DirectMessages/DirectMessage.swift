import NIOCore
import Web

/// One direct message in an inbox, encoded once. The relay sees ciphertext and nothing else.
final class DirectMessage: Sendable {
    let seq: UInt64
    let id: String
    /// Unix ms.
    let acceptedAt: Int64
    let isVerified: Bool
    /// What it is charged with against the memory fuse.
    let chargedBytes: Int
    /// The envelope.
    let json: ByteBuffer

    /// - Parameter sender: who proved to have sent it. An unproven claim is dropped: shown, it would pass for
    ///   the real one.
    init(seq: UInt64, draft: DirectMessageDraft, sender: Handle?, now: Int64) {
        self.seq = seq
        id = RandomID.make().text
        acceptedAt = now
        isVerified = sender != nil
        chargedBytes = draft.chargedBytes
        json = JSONWriter.object(capacity: draft.ciphertext.utf8.count + 320) { [id] in
            $0.field("seq", seq)
            $0.field("id", id)
            $0.field("ciphertext", draft.ciphertext)
            $0.field("nonce", draft.nonce)
            $0.field("sender_eph_pub", draft.ephemeralKey)
            if let sender {
                $0.field("from_handle", sender.text)
            } else {
                $0.key("from_handle")
                $0.null()
            }
            $0.field("from_verified", sender != nil)
            $0.field("ts", now)
        }
    }
}

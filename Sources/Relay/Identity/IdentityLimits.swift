public import Web

/// Every bound of identities, inboxes, claims and the directory, each a named setting.
public struct IdentityLimits: Sendable {
    /// IDENTITIES_MAX: registered handles at once.
    public var identitiesMax = 100_000
    /// IDENTITY_GC_INACTIVE_MS: how long a handle must have been silent to make way at the cap, in ms.
    public var inactiveMilliseconds: Int64 = 180 * 86_400_000
    /// IDENTITY_TOUCH_MIN_MS: how often a handle's last activity is noted at most, in ms.
    public var touchMilliseconds: Int64 = 60_000
    /// IDENTITY_ADMIN_TOKEN: lets the operator register reserved handles.
    public var adminToken: Secret?
    /// How far the time in a signature may be off, in ms.
    public var skewMilliseconds: Int64 = 60_000

    /// Undelivered messages of an inbox.
    public var inboxMessages = 256
    /// INBOX_ANON_MAX: of those, from senders that didn't prove who they are; 0...256.
    public var inboxAnonymous = 32
    /// How long an inbox keeps a message, in ms.
    public var inboxMilliseconds: Int64 = 7 * 86_400_000
    /// INBOX_GLOBAL_MAX_BYTES: ceiling of all inboxes together.
    public var inboxBytesMax = 512 * 1024 * 1024
    /// Ceiling of a direct message's ciphertext, decoded, in bytes.
    public var directMessageBytes = 128 * 1024
    /// Messages of one answer of `/inbox/wait`.
    public var inboxPage = 50
    /// The same in bytes, about.
    public var inboxPageBytes = 4 * 1024 * 1024
    /// DM_WAITERS_MAX_PER_HANDLE: parked waits of one inbox at once.
    public var waitersPerHandle = 64

    /// INBOX_SIG_SEEN_MAX, ROOM_SIG_SEEN_MAX, DM_ENV_SEEN_MAX: a 32nd of each is what is remembered of one
    /// handle, at least 64, 64 and 128.
    public var requestSignatures = 10_000
    public var roomSignatures = 10_000
    public var envelopeSignatures = 20_000

    /// ROOM_CURSORS_PER_HANDLE_MAX: rooms in which a handle has a cursor; the least recently used goes.
    public var cursorsPerHandle = 64
    /// CLAIM_TTL_MS: a claim's lease when none is asked for, in ms.
    public var claimMilliseconds: Int64 = 60_000

    /// AGENT_PROFILE_TTL_MS: how long a profile is listed at most, in ms.
    public var profileMilliseconds: Int64 = 7 * 86_400_000
    /// AGENT_PROFILE_SIG_SKEW_MS: how far a profile's `updated_at` may be off, in ms.
    public var profileSkewMilliseconds: Int64 = 300_000

    public init() {}
}

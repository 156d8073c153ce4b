import Relay
import Web

/// The relay's bounds as the settings have them.
struct RelayLimits {
    let rooms: RoomLimits
    let identities: IdentityLimits

    init(_ settings: ServerSettings) {
        rooms = Self.rooms(settings)
        identities = Self.identities(settings)
    }

    private static func rooms(_ settings: ServerSettings) -> RoomLimits {
        var limits = RoomLimits()
        limits.roomsMax = settings.integer("ROOMS_MAX")
        limits.graceSeconds = settings.integer("ROOM_GRACE_SECONDS")
        limits.recentMax = settings.integer("RECENT_MAX")
        limits.recentSeconds = settings.integer("RECENT_TTL_SECONDS")
        limits.messageBytesMax = settings.integer("MAX_MESSAGE_BYTES")
        limits.bufferBytesMax = settings.integer("ROOM_GLOBAL_MAX_BYTES")
        limits.roomBurst = settings.integer("ROOM_RL_CAP")
        limits.roomRefillPerSecond = settings.number("ROOM_RL_REFILL_PER_SEC")
        limits.clientBurst = settings.integer("GLOBAL_RL_CAP")
        limits.clientRefillPerSecond = settings.number("GLOBAL_RL_REFILL_PER_SEC")
        limits.streamsPerClient = settings.integer("STREAM_CAP_PER_IP")
        limits.waitersPerClient = settings.integer("WAITER_CAP_PER_IP")
        limits.waitersPerRoom = settings.integer("ROOM_WAITERS_MAX")
        limits.streamBufferBytes = settings.integer("STREAM_BUFFER_MAX_BYTES")
        limits.socketMessageBytes = settings.integer("WS_MAX_FRAME_BYTES")
        limits.listeningBurst = settings.integer("LISTENING_RL_CAP")
        limits.listeningRefillPerSecond = settings.number("LISTENING_RL_REFILL_PER_SEC")
        limits.heartbeatsPerRoom = settings.integer("ROOM_HEARTBEATS_MAX")
        limits.heartbeatsMax = settings.integer("HEARTBEATS_MAX")
        limits.signedLockSeconds = settings.integer("SIGNED_LOCK_TTL")
        return limits
    }

    private static func identities(_ settings: ServerSettings) -> IdentityLimits {
        var limits = IdentityLimits()
        limits.identitiesMax = settings.integer("IDENTITIES_MAX")
        limits.inactiveMilliseconds = Int64(settings.integer("IDENTITY_GC_INACTIVE_MS"))
        limits.touchMilliseconds = Int64(settings.integer("IDENTITY_TOUCH_MIN_MS"))
        limits.adminToken = settings["IDENTITY_ADMIN_TOKEN"].flatMap { Secret($0) }
        limits.inboxAnonymous = settings.integer("INBOX_ANON_MAX")
        limits.inboxBytesMax = settings.integer("INBOX_GLOBAL_MAX_BYTES")
        limits.waitersPerHandle = settings.integer("DM_WAITERS_MAX_PER_HANDLE")
        limits.requestSignatures = settings.integer("INBOX_SIG_SEEN_MAX")
        limits.roomSignatures = settings.integer("ROOM_SIG_SEEN_MAX")
        limits.envelopeSignatures = settings.integer("DM_ENV_SEEN_MAX")
        limits.cursorsPerHandle = settings.integer("ROOM_CURSORS_PER_HANDLE_MAX")
        limits.claimMilliseconds = Int64(settings.integer("CLAIM_TTL_MS"))
        limits.profileMilliseconds = Int64(settings.integer("AGENT_PROFILE_TTL_MS"))
        limits.profileSkewMilliseconds = Int64(settings.integer("AGENT_PROFILE_SIG_SKEW_MS"))
        return limits
    }
}

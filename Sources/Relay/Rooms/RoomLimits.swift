import NIOCore

/// Every bound of the rooms, each a named setting.
public struct RoomLimits: Sendable {
    /// ROOMS_MAX: rooms at once; above it the longest-idle empty room makes way.
    public var roomsMax = 5_000
    /// ROOM_GRACE_SECONDS: how long an empty room is kept.
    public var graceSeconds = 30
    /// RECENT_MAX: messages a room keeps for late joiners.
    public var recentMax = 2_000
    /// RECENT_TTL_SECONDS: how long it keeps them.
    public var recentSeconds = 24 * 60 * 60
    /// MAX_MESSAGE_BYTES: ceiling of a ciphertext, in characters of base64 as in the original.
    public var messageBytesMax = 128 * 1024
    /// ROOM_GLOBAL_MAX_BYTES: ceiling of all rooms' recent messages together.
    public var bufferBytesMax = 512 * 1024 * 1024
    /// ROOM_RL_CAP and ROOM_RL_REFILL_PER_SEC: token bucket of one client in one room.
    public var roomBurst = 300
    public var roomRefillPerSecond = 100.0
    /// GLOBAL_RL_CAP and GLOBAL_RL_REFILL_PER_SEC: token bucket of one client over all rooms.
    public var clientBurst = 600
    public var clientRefillPerSecond = 200.0
    /// STREAM_CAP_PER_IP: event streams and sockets of one client at once.
    public var streamsPerClient = 32
    /// WAITER_CAP_PER_IP: parked long-polls of one client at once.
    public var waitersPerClient = 16
    /// ROOM_WAITERS_MAX: parked long-polls of one room at once.
    public var waitersPerRoom = 256
    /// LISTENING_RL_CAP and LISTENING_RL_REFILL_PER_SEC: token bucket of one client's signs of life.
    public var listeningBurst = 2_000
    public var listeningRefillPerSecond = 200.0
    /// ROOM_HEARTBEATS_MAX: names that signs of life keep in one room.
    public var heartbeatsPerRoom = 1_024
    /// HEARTBEATS_MAX: the same over all rooms.
    public var heartbeatsMax = 65_536
    /// SIGNED_LOCK_TTL: how long an unused signed_only lock outlives its room, in s.
    public var signedLockSeconds = 30 * 24 * 60 * 60
    /// STREAM_BUFFER_MAX_BYTES: live bytes a stream may owe its reader before it is dropped as slow.
    public var streamBufferBytes = 1024 * 1024
    /// WS_MAX_FRAME_BYTES: ceiling of a WebSocket message.
    public var socketMessageBytes = 256 * 1024
    /// A page of `/wait` or `/transcript` is cut at this many bytes.
    public var pageBytes = 4 * 1024 * 1024

    public init() {}
}

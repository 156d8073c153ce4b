/// How much the dispatch holds and how long it waits.
public struct DispatchPace: Sendable {
    /// Notes that wait for one channel; further ones are dropped.
    public var waiting = 256
    /// Deliveries under way at once, over all channels.
    public var atOnce = 4
    /// Before each retry, when the service named no time; as many retries as there are pauses.
    public var pauses = [Duration.seconds(2)]
    /// Before a retry, when the service named a longer time.
    public var longestPause = Duration.seconds(30)
    /// What waits is still delivered for so long when the server stops.
    public var drain = Duration.seconds(5)

    public init() {}
}

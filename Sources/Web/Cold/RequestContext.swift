public import Hummingbird
public import Logging

/// What a route handler knows of its request besides Hummingbird's own: the request as the front saw it.
public struct FrontContext: Hummingbird.RequestContext {
    /// Where a context comes from.
    public struct Source: RequestContextSource {
        public let logger: Logger
        public let front: FrontRequest
    }

    public var coreContext: CoreRequestContextStorage
    /// Routed, bounded, and with the client's address resolved.
    public let front: FrontRequest

    public init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        front = source.front
    }
}

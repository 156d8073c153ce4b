import NIOConcurrencyHelpers

/// How many of something (streams, parked waits) one client may have open at once.
///
/// An entry exists only while something is open, so the table is bounded by the connections.
public final class ConcurrencyCap: Sendable {
    private let limit: Int
    private let open = NIOLockedValueBox<[IPAddress: Int]>([:])

    public init(limit: Int) { self.limit = limit }

    /// Takes a place for the client; false when all are taken. Each taken place must be released once.
    public func acquire(_ client: IPAddress) -> Bool {
        open.withLockedValue { table in
            let count = table[client.limitKey] ?? 0
            guard count < limit else { return false }
            table[client.limitKey] = count + 1
            return true
        }
    }

    /// Gives a place back.
    public func release(_ client: IPAddress) {
        open.withLockedValue { table in
            let count = (table[client.limitKey] ?? 1) - 1
            table[client.limitKey] = count > 0 ? count : nil
        }
    }
}

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
        let key = client.limitKey
        return open.withLockedValue { table in
            // One look-up for a client that has others open: a long-poll takes its place anew for every message.
            guard let known = table.index(forKey: key) else {
                if limit > 0 { table[key] = 1 }
                return limit > 0
            }
            guard table.values[known] < limit else { return false }
            table.values[known] += 1
            return true
        }
    }

    /// Gives a place back.
    public func release(_ client: IPAddress) {
        let key = client.limitKey
        open.withLockedValue { table in
            guard let known = table.index(forKey: key) else { return }
            if table.values[known] > 1 { table.values[known] -= 1 } else { table.remove(at: known) }
        }
    }
}

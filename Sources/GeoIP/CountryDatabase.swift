/// A database in MaxMind's format that says in which country an address is: GeoLite2, DB-IP Lite, or one of
/// scripts/build-geoip-database.
///
/// It is copied into memory and checked from end to end when it is made: what happens to the file afterwards
/// doesn't touch it, and a lookup can't fail. Any number of threads may look up at once.
public final class CountryDatabase: Sendable {
    /// What a database says of itself.
    public struct Description: Equatable, Sendable {
        /// Its type as it gives it, e.g. `GeoLite2-Country`; printable ASCII, at most 64 characters.
        public let type: String
        /// When it was built, Unix seconds.
        public let builtAt: Int64
        /// 4 or 6. One of version 6 knows IPv4 addresses too, one of version 4 nothing else.
        public let ipVersion: Int
        /// Nodes of the search tree.
        public let nodes: Int
        /// The file's size.
        public let bytes: Int
        /// How many different countries it names.
        public let countries: Int
    }

    /// A larger file is refused: it would be in memory whole.
    public static let bytesMax = 512 << 20

    public let description: Description
    private let database: MappedDatabase

    /// Reads the file whole, which takes a moment: not for an event loop.
    ///
    /// - Throws: ``CountryDatabaseError``
    public convenience init(path: String) throws {
        try self.init(path: path, expected: nil)
    }

    /// - Parameter expected: what the file is thought to be; when it is something else by now, it is
    ///   taken as changing.
    init(path: String, expected: FileState?) throws {
        func failure(_ reason: CountryDatabaseError.Reason) -> CountryDatabaseError {
            CountryDatabaseError(path: path, reason: reason)
        }
        let copy = try MemoryCopy(of: path, bytesMax: Self.bytesMax)
        if let expected, copy.source != expected { throw failure(.changing) }
        database = try MappedDatabase(copy, path: path)
        let countries: Int
        do {
            countries = try TreeCheck.countCountries(in: database)
        } catch {
            throw failure(.damaged(error.what))
        }
        guard countries > 0 else { throw failure(.noCountries(type: database.type)) }
        description = Description(
            type: database.type, builtAt: database.builtAt, ipVersion: database.ipVersion,
            nodes: database.nodes, bytes: database.size, countries: countries)
    }

    /// The country of an address given as two halves of 16 bytes, an IPv4 address as ::ffff:a.b.c.d; nil
    /// when the database doesn't know it. Always a country, never one of the special codes.
    public func country(of bytes: (high: UInt64, low: UInt64)) -> CountryCode? {
        guard let record = database.record(ofAddress: bytes.high, bytes.low) else { return nil }
        // Every record was read once when the database was loaded.
        return try? database.country(ofRecord: record)
    }
}

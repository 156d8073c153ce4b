import Foundation
public import SQLite
public import SignalboxMetrics
public import Web

/// The original's files of identities and of the agent directory, taken into the store by the same rules as
/// what was posted: whoever is malformed is dropped and counted.
public enum BookImport {
    /// Makes the tables that the import writes to.
    public static func prepare(_ database: Database) throws { try IdentityStore.prepare(database) }

    /// `identities.json`: `{"identities": {handle: record}}`. Who is registered already stays as it is.
    /// - Parameter now: Unix ms.
    /// - Throws: ``JSONError`` when it is another kind of file, `SQLiteError` when it can't be written.
    public static func identities(
        _ file: JSONValue, into connection: Connection, now: Int64
    ) throws -> ImportTally {
        var tally = ImportTally("identities.json")
        for (handle, record) in try members(file, "identities") {
            tally.read += 1
            guard case .object = record else {
                tally.drop(.notAnObject)
                continue
            }
            guard let known = Handle(handle), record["handle"] == .string(handle) else {
                tally.drop(.badHandle)
                continue
            }
            guard let identity = identity(known, record, now: now) else {
                tally.drop(.badKey)
                continue
            }
            if try IdentityStore.insert(identity, connection) {
                tally.imported += 1
            } else {
                tally.alreadyThere += 1
            }
        }
        return tally
    }

    private static func identity(_ handle: Handle, _ record: JSONValue, now: Int64) -> Identity? {
        guard let box = record["box_pub"]?.string, let sign = record["sign_pub"]?.string else { return nil }
        let registered = time(record["registered_at"]) ?? now
        let updated = time(record["updated_at"]) ?? registered
        let bio = record["meta"]?["bio"]?.string?.prefixUTF16(280)
        return Identity(
            handle: handle, boxKey: box, signKey: sign, bio: bio, registeredAt: registered,
            updatedAt: updated, lastSeenAt: time(record["last_seen_at"]) ?? updated,
            inboxSeq: UInt64(time(record["inbox_seq"]) ?? 0), provenAt: min(now, updated))
    }

    /// `agent_profiles.json`: `{"agent_profiles": {handle: record}}`, for handles that are registered.
    public static func profiles(
        _ file: JSONValue, into connection: Connection, limits: IdentityLimits, now: Int64
    ) throws -> ImportTally {
        var tally = ImportTally("agent_profiles.json")
        let keys = Dictionary(
            try connection.query("SELECT handle, sign_pub FROM identities") {
                ($0.text(0) ?? "", $0.text(1) ?? "")
            }
        ) { $1 }
        for (name, record) in try members(file, "agent_profiles") {
            tally.read += 1
            guard case .object = record else {
                tally.drop(.notAnObject)
                continue
            }
            guard let handle = Handle(name) else {
                tally.drop(.badHandle)
                continue
            }
            guard let key = keys[name] else {
                tally.drop(.unknownHandle)
                continue
            }
            // Read again it would be given a new life, as by the original.
            if let expires = time(profile(record)["expires_at"]), expires <= now {
                tally.drop(.expired)
                continue
            }
            guard let entry = ProfileStore.entry(handle, record, now: now, limits) else {
                tally.drop(.badProfile)
                continue
            }
            guard isOwners(entry, record, key) else {
                tally.drop(.otherKey)
                continue
            }
            if try ProfileStore.insert(entry, connection) {
                tally.imported += 1
            } else {
                tally.alreadyThere += 1
            }
        }
        return tally
    }

    static func profile(_ record: JSONValue) -> JSONValue {
        if let inner = record["profile"], inner.isTruthy { inner } else { record }
    }

    /// Whether the profile is of who has the handle here. The original had checked the signature by the key
    /// that it wrote beside it; another key's must be good by ours.
    private static func isOwners(_ entry: Directory.Entry, _ record: JSONValue, _ key: String) -> Bool {
        if record["sign_pub"]?.string == key { return true }
        guard let signature = Base64.decode(entry.signature, count: Ed25519.signatureBytes),
            let bytes = Base64.decode(key, count: Ed25519.keyBytes)
        else { return false }
        return Ed25519.verify(signature, of: entry.profile.signedText, by: bytes)
    }

    /// In a fixed order, so that two imports of one file do the same.
    private static func members(_ file: JSONValue, _ name: String) throws -> [(String, JSONValue)] {
        guard case .object(let members)? = file[name] else {
            throw JSONError(description: "it has no object «\(name)»")
        }
        return members.sorted { $0.key < $1.key }
    }

    static func time(_ value: JSONValue?) -> Int64? {
        guard case .number(let number)? = value, number >= 0, number <= Double(Row.timeMax) else {
            return nil
        }
        return Int64(number)
    }
}

import Glibc

/// Why a country database was refused. Its description is a sentence for the operator: what is wrong, and
/// what to do.
public struct CountryDatabaseError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file, as it was given.
    public let path: String
    let reason: Reason

    enum Reason: Equatable, Sendable {
        case missing
        /// `errno` of what failed.
        case unreadable(Int32)
        case directory
        case notAFile
        case empty
        case tooLarge(bytes: Int)
        /// It changed while it was read.
        case changing
        /// `errno` of what failed.
        case noCopy(Int32)
        case compressed
        case notADatabase
        case unknownFormat(version: Int)
        /// What doesn't fit together.
        case damaged(String)
        /// The type that the database says it has.
        case noCountries(type: String)
    }

    /// Whether the same file may be fine at the next attempt.
    var isPassing: Bool {
        switch reason {
        case .changing, .noCopy: true
        case .unreadable(let code): code != EACCES && code != EPERM
        default: false
        }
    }

    public var description: String {
        switch reason {
        case .missing:
            "There is no country database at \(path): put a .mmdb file there, or unset GEOIP_DB."
        case .unreadable(let code) where code == EACCES || code == EPERM:
            "The country database \(path) can't be read (\(words(code))): let the server's user read it, and "
                + "enter every directory above it."
        case .unreadable(let code):
            "The country database \(path) can't be read (\(words(code))); it is tried again."
        case .directory:
            "\(path) is a directory: GEOIP_DB takes the .mmdb file itself."
        case .notAFile:
            "\(path) is not a plain file: GEOIP_DB takes a .mmdb file."
        case .empty:
            "The country database \(path) is empty: \(again)"
        case .tooLarge(let bytes):
            "The country database \(path) has \(bytes >> 20) MiB, and at most "
                + "\(CountryDatabase.bytesMax >> 20) MiB are read: take one with countries only."
        case .changing:
            "The country database \(path) is being written: it is read once it stays as it is."
        case .noCopy(let code):
            "The country database \(path) can't be copied into memory (\(words(code))); it is tried again."
        case .compressed:
            "The country database \(path) is still packed: unpack it, and give GEOIP_DB the .mmdb file in it."
        case .notADatabase:
            "\(path) is no MaxMind database, or only the first part of one, since what must stand at its end "
                + "is missing: \(again)"
        case .unknownFormat(let version):
            "The country database \(path) is of format \(version), and only format 2 is known here: take one "
                + "of format 2."
        case .damaged(let what):
            "The country database \(path) is damaged (\(what)): \(again)"
        case .noCountries(let type):
            "The database \(path) names no countries (its type is «\(type)»): take a country or city database."
        }
    }

    private var again: String { "get it again, and move it into place when it is whole." }

    private func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

import Foundation
import NIOCore
import Relay
import SQLite
import SignalboxMetrics
import Web

/// Takes over what a Bot2Bot server had kept: all of it in one transaction, or nothing.
struct OriginalImport {
    /// Why nothing was imported, for people.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let paths: [OriginalFile: String]
    let retention: Store.Retention
    let timeZone: TimeZone
    let identityLimits: IdentityLimits
    /// Unix ms.
    let now: Int64
    /// Gets a file's name and how much of it is read, 0 ... 1.
    var progress: (String, Double) -> Void = { _, _ in }

    init(paths: [OriginalFile: String], _ settings: ServerSettings, now: Int64) throws {
        self.paths = paths
        self.now = now
        retention = settings.retention
        timeZone = try settings.timeZone()
        identityLimits = RelayLimits(settings).identities
    }

    /// Reads every file, then writes. A file that can't be read ends it before anything is written.
    /// - Parameter isDry: everything is done and then taken back.
    func run(into database: Database, isDry: Bool = false) throws -> [ImportTally] {
        var original = OriginalHistory(retention: retention, now: now)
        for file in OriginalFile.allCases { try read(file, into: &original) }
        original.foldHoursIfMissing()
        let (identities, profiles) = (try json(.identities), try json(.profiles))

        var tallies: [ImportTally] = []
        try BookImport.prepare(database)
        do {
            // Only the sendable parts go in; the tally comes out.
            let (history, limits) = (original.history, identityLimits)
            let (taken, books) = try database.write { [timeZone, now] connection in
                let taken = try history.take(into: connection, timeZone: timeZone)
                var books: [ImportTally] = []
                if let identities {
                    books.append(try BookImport.identities(identities, into: connection, now: now))
                }
                if let profiles {
                    books.append(
                        try BookImport.profiles(profiles, into: connection, limits: limits, now: now))
                }
                if isDry { throw Rollback(taken: taken, books: books) }
                return (taken, books)
            }
            original.note(taken)
            tallies = original.tallies + books
            try database.checkpoint()
        } catch let dry as Rollback {
            original.note(dry.taken)
            tallies = original.tallies + dry.books
        } catch let error as JSONError {
            let names = [OriginalFile.identities, .profiles].compactMap { paths[$0] }.joined(
                separator: " or ")
            throw Failure(
                description: "\(names) is not the original's: \(error.description). Nothing was imported.")
        }
        return tallies
    }

    /// What a dry run has found, on its way out of the transaction that it takes back.
    private struct Rollback: Error {
        let taken: HistoryImport.Taken
        let books: [ImportTally]
    }

    private func read(_ file: OriginalFile, into original: inout OriginalHistory) throws {
        guard file != .identities, file != .profiles, let bytes = try load(file) else { return }
        let whole = Double(max(1, bytes.readableBytes))
        let advance: OriginalHistory.Progress = { progress(file.name, Double($0) / whole) }
        try checked(file) {
            switch file {
            case .totals: try original.readTotals(bytes)
            case .minutes: try original.readMinutes(bytes, progress: advance)
            case .hours: try original.readHours(bytes, progress: advance)
            case .countryMinutes: try original.readCountries(bytes, byHour: false, progress: advance)
            case .countryHours: try original.readCountries(bytes, byHour: true, progress: advance)
            case .identities, .profiles: break
            }
        }
        progress(file.name, 1)
    }

    private func json(_ file: OriginalFile) throws -> JSONValue? {
        guard let bytes = try load(file) else { return nil }
        var value: JSONValue?
        try checked(file) { value = try JSONParser.parse(bytes) }
        progress(file.name, 1)
        return value
    }

    private func checked(_ file: OriginalFile, _ body: () throws -> Void) throws {
        do { try body() } catch let error as JSONError {
            throw Failure(
                description:
                    "\(paths[file] ?? file.name) can't be read: \(error.description). Nothing was imported.")
        }
    }

    private func load(_ file: OriginalFile) throws -> ByteBuffer? {
        guard let path = paths[file] else { return nil }
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
        guard let size, size.intValue <= OriginalFile.bytesMax else {
            throw Failure(description: "\(path) is too large or can't be looked at. Nothing was imported.")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "\(path) can't be read; check its permissions. Nothing was imported.")
        }
        return ByteBuffer(bytes: data)
    }
}

import Foundation
import GeoIP

/// The databases that make_database.py makes.
enum Fixture: String, CaseIterable {
    case country
    case newer
    case ipv4
    case flatCountryCode = "flat-country-code"
    case flatCountry = "flat-country"
    case registered
    case asn
    case withoutCodes = "without-codes"
    case oddCodes = "odd-codes"

    var data: Data {
        get throws {
            guard let data = try Self.all.get()[self] else { throw FixtureError("no database \(rawValue)") }
            return data
        }
    }

    /// Made once for all tests.
    private static let all = Result { try make() }

    private static func make() throws -> [Fixture: Data] {
        let here = URL(filePath: #filePath).deletingLastPathComponent()
        let root = here.deletingLastPathComponent().deletingLastPathComponent()
        let python = root.appending(path: ".venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw FixtureError("there is no .venv/bin/python: scripts/setup test makes it, as make test does")
        }
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "signalbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }

        let maker = Process()
        maker.executableURL = python
        maker.arguments = [here.appending(path: "make_database.py").path, directory.path]
        let complaints = Pipe()
        maker.standardError = complaints
        try maker.run()
        let words = try complaints.fileHandleForReading.readToEnd() ?? Data()
        maker.waitUntilExit()
        guard maker.terminationStatus == 0 else {
            throw FixtureError("make_database.py failed:\n\(String(decoding: words, as: UTF8.self))")
        }
        return try Dictionary(
            uniqueKeysWithValues: allCases.map {
                ($0, try Data(contentsOf: directory.appending(path: $0.rawValue)))
            })
    }
}

struct FixtureError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A place for a database file.
struct DatabasePlace {
    let path: String

    init(_ directory: URL) { path = directory.appending(path: "country.mmdb").path }

    /// Puts a file into place as an operator should: under another name first.
    func move(in data: Data) throws {
        try data.write(to: URL(filePath: path + ".new"))
        guard rename(path + ".new", path) == 0 else { throw FixtureError("rename: errno \(errno)") }
    }

    /// Writes over the file as an operator shouldn't.
    func overwrite(with data: Data) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.write(contentsOf: data)
        try file.truncate(atOffset: UInt64(data.count))
        try file.close()
    }

    func remove() throws { try FileManager.default.removeItem(atPath: path) }

    func database(_ data: Data) throws -> CountryDatabase {
        try move(in: data)
        return try CountryDatabase(path: path)
    }

    /// What the file is refused with; nil when it isn't.
    func refusal(_ data: Data) throws -> String? {
        do {
            _ = try database(data)
            return nil
        } catch let error as CountryDatabaseError {
            return error.description
        }
    }
}

/// The halves of an address's 16 bytes.
func halves(_ text: String) throws -> (high: UInt64, low: UInt64) {
    var four = in_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
        return (0, 0xffff_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)))
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, text, &six) == 1 else { throw FixtureError("\(text) is no address") }
    return withUnsafeBytes(of: six) {
        (
            UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
            UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
    }
}

extension CountryDatabase {
    /// The country of an address in text, in text.
    func country(_ address: String) throws -> String? { country(of: try halves(address))?.text }
}

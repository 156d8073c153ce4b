import Foundation
import Testing
import TestSupport
@testable import GeoIP

@Suite("Country databases that are refused")
struct RefusalTests {
    /// The sentence for a file of these bytes.
    private func refusal(_ data: Data) async throws -> String {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            let sentence = try #require(try place.refusal(data))
            #expect(sentence.contains(place.path), "«\(sentence)» doesn't name the file")
            return sentence
        }
    }

    private func refusal(path: String) throws -> String {
        try #require(throws: CountryDatabaseError.self) { try CountryDatabase(path: path) }.description
    }

    @Test("a file that isn't there")
    func missing() throws {
        #expect(try refusal(path: "/nowhere/x.mmdb").hasPrefix("There is no country database at /nowhere/"))
        #expect(try refusal(path: "/dev/null/x.mmdb").hasPrefix("There is no country database at"))
        #expect(try refusal(path: "").hasPrefix("There is no country database at"))
    }

    @Test("a directory, a device and a named pipe, without waiting for a writer")
    func notAFile() async throws {
        try await withTemporaryDirectory { directory in
            let pipe = directory.appending(path: "pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            let words = [
                (directory.path, "is a directory: GEOIP_DB takes"), ("/dev/zero", "is not a plain file"),
                (pipe, "is not a plain file"),
            ]
            for (path, expected) in words {
                let sentence = try refusal(path: path)
                #expect(sentence.contains(expected))
            }
        }
    }

    @Test("a file that can't be opened")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let loop = directory.appending(path: "loop").path
            #expect(symlink(loop, loop) == 0)
            let looped = try refusal(path: loop)
            #expect(looped.contains("can't be read (Too many levels of symbolic links)"))
            // Root may read anything.
            if geteuid() != 0 {
                let place = DatabasePlace(directory)
                try place.move(in: Fixture.country.data)
                chmod(place.path, 0)
                let denied = try refusal(path: place.path)
                #expect(denied.contains("(Permission denied): let the server's user"))
            }
        }
        let denied = CountryDatabaseError(path: "/x.mmdb", reason: .unreadable(EACCES))
        #expect(denied.description.contains("(Permission denied): let the server's user read it"))
    }

    @Test("an empty file")
    func empty() async throws {
        #expect(try await refusal(Data()).contains("is empty: get it again"))
    }

    @Test(
        "a text, a page, noise",
        arguments: ["hello\n", "<!doctype html><title>404</title>", "\0", "\u{fffd}"])
    func foreign(text: String) async throws {
        #expect(try await refusal(Data(text.utf8)).contains("is no MaxMind database"))
        let noise = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) })
        #expect(try await refusal(noise).contains("is no MaxMind database"))
    }

    @Test(
        "an archive, as databases come",
        arguments: [
            [0x1f, 0x8b, 8, 0], [0x50, 0x4b, 3, 4], [0x28, 0xb5, 0x2f, 0xfd],
            [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
            [0x42, 0x5a, 0x68, 0x39],
        ] as [[UInt8]])
    func packed(head: [UInt8]) async throws {
        #expect(try await refusal(Data(head + Array("more".utf8))).contains("is still packed: unpack it"))
    }

    @Test("a file that is too large, without reading it")
    func tooLarge() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Data([1]))
            // A hole: it takes no space.
            #expect(truncate(place.path, off_t(CountryDatabase.bytesMax) + (1 << 20)) == 0)
            let sentence = try refusal(path: place.path)
            #expect(sentence.contains("has 513 MiB, and at most 512 MiB are read"))
        }
    }

    @Test("a database of something else than countries")
    func noCountries() async throws {
        let sentence = try await refusal(Fixture.asn.data)
        #expect(sentence.contains("names no countries (its type is «GeoLite2-ASN»): take a country or city"))
        // What a file says of itself goes to logs.
        let odd = try await refusal(Fixture.withoutCodes.data)
        #expect(odd.contains("«TestOdd \(String(repeating: "x", count: 56))»"))
    }

    @Test("a database of a later format")
    func laterFormat() async throws {
        var later = Forged.sound
        later.formatVersion = 3
        #expect(try await refusal(later.data).contains("is of format 3, and only format 2 is known"))
    }

    @Test("the first part of a database, cut anywhere")
    func truncated() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            let whole = try Fixture.country.data
            // Every length near the ends, where the structure is, and each twentieth of it.
            var lengths = Set(1...40).union((whole.count - 400)..<whole.count)
            for part in 0..<20 { lengths.insert(whole.count * part / 20) }
            for length in lengths.sorted() {
                let sentence = try place.refusal(whole.prefix(length))
                #expect(sentence != nil, "cut to \(length) of \(whole.count) bytes")
            }
        }
    }

    @Test("a database without its first part")
    func beheaded() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            let whole = try Fixture.country.data
            for part in 1..<20 {
                let tail = whole.suffix(from: whole.startIndex + whole.count * part / 20)
                #expect(try place.refusal(Data(tail)) != nil, "without the first \(part) twentieths")
            }
        }
    }

    @Test("a file that isn't any more what it was when it was looked at")
    func changing() async throws {
        try await withTemporaryDirectory { directory in
            let place = DatabasePlace(directory)
            try place.move(in: Fixture.country.data)
            guard case .file(let before) = Sighting(at: place.path) else {
                Issue.record("the file isn't seen")
                return
            }
            _ = try CountryDatabase(path: place.path, expected: before)
            try place.move(in: Fixture.newer.data)
            let error = try #require(throws: CountryDatabaseError.self) {
                try CountryDatabase(path: place.path, expected: before)
            }
            #expect(error.reason == .changing)
            #expect(error.description.contains("is being written"))
        }
    }

    @Test("every refusal is one sentence that says what to do")
    func sentences() {
        let reasons: [CountryDatabaseError.Reason] = [
            .missing, .unreadable(EACCES), .unreadable(EMFILE), .directory, .notAFile, .empty,
            .tooLarge(bytes: 1 << 30), .changing, .noCopy(ENOMEM), .compressed, .notADatabase,
            .unknownFormat(version: 3), .damaged("its tree is bent"), .noCountries(type: "GeoLite2-ASN"),
        ]
        for reason in reasons {
            let sentence = CountryDatabaseError(path: "/x.mmdb", reason: reason).description
            #expect(sentence.contains("/x.mmdb"))
            #expect(
                sentence.hasSuffix(".") && !sentence.contains("\n") && sentence.count < 200, "\(sentence)")
            #expect(sentence.contains(/[:;] .+/), "«\(sentence)» doesn't say what to do")
        }
    }
}

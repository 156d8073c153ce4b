import Foundation
import Testing
import TestSupport
@testable import GeoIP

@Suite("Country of an address")
struct LookupTests {
    private func database(_ fixture: Fixture) async throws -> CountryDatabase {
        try await withTemporaryDirectory { try DatabasePlace($0).database(fixture.data) }
    }

    @Test(
        "an IPv4 address is found, however it is written",
        arguments: [
            ("203.0.113.0", "DE"), ("203.0.113.63", "DE"), ("203.0.113.128", "DE"), ("203.0.113.255", "DE"),
            ("203.0.113.200", "AT"), ("::ffff:203.0.113.9", "DE"), ("::ffff:cb00:7109", "DE"),
            ("198.51.100.7", "US"), ("192.0.2.1", "JP"),
        ])
    func fours(address: String, code: String) async throws {
        #expect(try await database(.country).country(address) == code)
        #expect(try await database(.ipv4).country(address) == code)
    }

    @Test(
        "an IPv6 address is found",
        arguments: [
            ("2001:db8::", "NL"), ("2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "NL"), ("2001:db8:8000::", "SE"),
            ("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "SE"), ("2001:db8::1:0:0:1", "PT"),
            ("2001:db8::1:0:0:2", "NL"),
        ])
    func sixes(address: String, code: String) async throws {
        #expect(try await database(.country).country(address) == code)
    }

    @Test(
        "what the database doesn't have has no country",
        arguments: [
            "192.0.1.255", "192.0.3.0", "203.0.112.255", "203.0.114.0", "0.0.0.0", "255.255.255.255",
            "127.0.0.1", "::", "::1", "2001:db7:ffff::1", "2001:db9::", "ffff::", "::fffe:203.0.113.9",
        ])
    func unknown(address: String) async throws {
        #expect(try await database(.country).country(address) == nil)
    }

    @Test("an IPv4 database knows no IPv6 address")
    func fourOnly() async throws {
        let database = try await database(.ipv4)
        #expect(database.description.ipVersion == 4)
        for address in ["2001:db8::1", "::", "::1", "::203.0.113.9"] {
            #expect(try database.country(address) == nil)
        }
    }

    @Test("where only the network's registration is known, that counts")
    func registered() async throws {
        #expect(try await database(.country).country("192.0.2.130") == "BR")
        #expect(try await database(.registered).country("203.0.113.1") == "DE")
    }

    @Test("a record without a country has none")
    func withoutCountry() async throws {
        #expect(try await database(.country).country("203.0.113.64") == nil)
    }

    @Test("a code in small letters is the same code")
    func lowerCase() async throws {
        #expect(try await database(.country).country("198.51.100.200") == "FR")
    }

    @Test("flat records are read")
    func flat() async throws {
        let byCode = try await database(.flatCountryCode)
        #expect(try byCode.country("203.0.113.1") == "DE")
        #expect(try byCode.country("2001:db8::1") == "NL")
        let byCountry = try await database(.flatCountry)
        #expect(try byCountry.country("203.0.113.1") == "DE")
        #expect(try byCountry.country("198.51.100.1") == nil, "a name isn't a code")
    }

    @Test("what is no country's code isn't given out")
    func oddCodes() async throws {
        let database = try await database(.oddCodes)
        #expect(try database.country("203.0.113.255") == "DE")
        for number in 0..<11 {
            #expect(try database.country("203.0.113.\(number)") == nil, "the odd code \(number)")
        }
        #expect(try database.country("198.51.100.1") == "DE", "the registration stands in for ??")
        #expect(try database.country("198.51.100.2") == nil)
        #expect(try database.country("198.51.100.3") == nil)
        #expect(database.description.countries == 1)
    }

    @Test("the database says what it is")
    func description() async throws {
        let before = Int64(Date().timeIntervalSince1970)
        let description = try await database(.country).description
        #expect(description.type == "GeoLite2-Country")
        #expect(abs(description.builtAt - before) < 600)
        #expect(description.ipVersion == 6)
        #expect(description.nodes > 100)
        let size = try Fixture.country.data.count
        #expect(description.bytes == size)
        #expect(description.countries == 9)
    }

    @Test("a database is read once, and its file isn't needed any more")
    func independent() async throws {
        // The directory is gone by the time of the lookup.
        let database = try await database(.country)
        #expect(try database.country("203.0.113.9") == "DE")
    }

    @Test("many threads look up at once")
    func manyThreads() async throws {
        let database = try await database(.country)
        let (german, dutch) = (try halves("203.0.113.9"), try halves("2001:db8::9"))
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<20_000).allSatisfy { _ in
                        database.country(of: german)?.text == "DE"
                            && database.country(of: dutch)?.text == "NL"
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}

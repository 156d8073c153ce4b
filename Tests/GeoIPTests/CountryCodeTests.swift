import Foundation
import Testing
@testable import GeoIP

@Suite("Country codes")
struct CountryCodeTests {
    @Test(
        "two letters in either case and the special codes are taken",
        arguments: [
            ("DE", "DE"), ("de", "DE"), ("dE", "DE"), ("ZZ", "ZZ"), ("XX", "XX"), ("T1", "T1"), ("t1", "T1"),
            ("LOCAL", "LOCAL"), ("local", "LOCAL"),
        ])
    func taken(text: String, code: String) throws {
        #expect(try #require(CountryCode(text)).text == code)
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "D", "DEU", "D1", "1T", "T2", "??", "--", "ß", "Ü", "É", "ſs", "D ", " DE", "DE\0", "\0\0",
            "\u{1}\u{1}", "LOCALE", "LOCA", "{{", "@@", "[[", "``", "𝐃𝐄",
        ])
    func refused(text: String) { #expect(CountryCode(text) == nil) }

    @Test("every code has a place of its own, and the place leads back to it")
    func places() throws {
        #expect(CountryCode.count == 678)
        let codes = try (0..<CountryCode.count).map { try #require(CountryCode(index: $0)) }
        #expect(codes.map(\.index) == Array(0..<CountryCode.count))
        #expect(Set(codes.map(\.text)).count == CountryCode.count)
        #expect(codes.first?.text == "AA")
        #expect(codes[675].text == "ZZ")
        #expect(Array(codes[676...]) == [.tor, .local])
        for code in codes { #expect(CountryCode(code.text) == code) }
        for place in [-1, CountryCode.count, .min, .max] { #expect(CountryCode(index: place) == nil) }
    }

    @Test("the assigned codes are ISO's 249, in order")
    func assigned() throws {
        let table = try String(contentsOfFile: "/usr/share/zoneinfo/iso3166.tab", encoding: .utf8)
        let codes = table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { String($0.prefix(2)) }
        #expect(CountryCode.assigned.count == 249)
        #expect(CountryCode.assigned.map(\.text) == codes.sorted())
        #expect(CountryCode.assigned.allSatisfy { $0.isCountry })
    }

    @Test("XX, T1 and LOCAL are special, and nothing else")
    func special() {
        let codes = (0..<CountryCode.count).compactMap { CountryCode(index: $0) }
        #expect(codes.filter(\.isSpecial).map(\.text) == ["XX", "T1", "LOCAL"])
        #expect(codes.filter(\.isCountry).count == CountryCode.count - 3)
    }

    @Test("a code takes two bytes and nothing on the heap")
    func trivial() {
        #expect(MemoryLayout<CountryCode>.size == 2)
        #expect(_isPOD(CountryCode.self))
    }
}

import Testing
@testable import Web

@Suite("Numbers as JavaScript prints them")
struct JavaScriptNumberTests {
    /// What node printed of `String(Number(text))`.
    @Test(arguments: [
        ("0", "0"),
        ("-0", "0"),
        ("1", "1"),
        ("-1", "-1"),
        ("1.5", "1.5"),
        ("0.1", "0.1"),
        ("123456789.125", "123456789.125"),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740992", "9007199254740992"),
        ("9007199254740993", "9007199254740992"),
        ("4611686018427387904", "4611686018427388000"),
        ("1e20", "100000000000000000000"),
        ("123456789012345680000", "123456789012345680000"),
        ("1e21", "1e+21"),
        ("1.5e21", "1.5e+21"),
        ("1e22", "1e+22"),
        ("-1e21", "-1e+21"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("0.000001", "0.000001"),
        ("0.0000015", "0.0000015"),
        ("1e-6", "0.000001"),
        ("1e-7", "1e-7"),
        ("1.25e-7", "1.25e-7"),
        ("-0.00001", "-0.00001"),
        ("100", "100"),
        ("1e5", "100000"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("2.5e-5", "0.000025"),
        ("1795243816354.5", "1795243816354.5"),
    ])
    func text(literal: String, expected: String) throws {
        #expect(JavaScriptNumber.text(try #require(Double(literal))) == expected)
    }

    @Test("reads back as the number it was")
    func roundTrip() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: UInt64.random(in: .min ... .max, using: &generator))
            guard value.isFinite else { continue }
            #expect(Double(JavaScriptNumber.text(value)) == value)
        }
    }
}

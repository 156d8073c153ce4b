import Testing
@testable import SignalboxMetrics

@Suite("Numbers in the exposition")
struct NumberWritingTests {
    @Test("an unsigned number is written in decimal", arguments: [0, 7, 10, 1_234_567_890, UInt64.max])
    func decimal(value: UInt64) {
        var bytes: [UInt8] = []
        bytes.append(decimal: value)
        #expect(String(decoding: bytes, as: UTF8.self) == String(value))
    }

    @Test(
        "a float is written so that Prometheus reads the same number",
        arguments: [0, 0.5, 1, 1e-9, 123_456.75, 9_007_199_254_740_992, 1e300, -1, -0.25])
    func float(value: Double) {
        var bytes: [UInt8] = []
        bytes.append(float: value)
        #expect(Double(String(decoding: bytes, as: UTF8.self)) == value)
    }

    @Test("a whole number has no fraction")
    func whole() {
        var bytes: [UInt8] = []
        bytes.append(float: 65_536)
        #expect(bytes == Array("65536".utf8))
    }

    @Test("what is no number says so")
    func notANumber() {
        var bytes: [UInt8] = []
        bytes.append(float: .nan)
        #expect(bytes == Array("NaN".utf8))
    }
}

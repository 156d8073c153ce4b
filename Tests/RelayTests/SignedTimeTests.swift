import Foundation
import Testing
import Web
@testable import Relay

@Suite("The Authorization header of signed requests")
struct SignedTimeTests {
    private static let nonce = "AAAAAAAAAAAAAAAA"
    private static let signature = Data([UInt8](repeating: 7, count: 64)).base64EncodedString()
    private static let urlSafe = Data([UInt8](repeating: 0xff, count: 64)).base64EncodedString()
        .replacing("/", with: "_")

    private static func header(
        _ scheme: String = "Bot2Bot ", ts: String = "1700000000000", n: String = nonce,
        sig: String = signature
    ) -> String { "\(scheme)ts=\(ts),n=\(n),sig=\(sig)" }

    @Test("gives time, nonce and signature")
    func good() throws {
        let time = try #require(SignedTime(authorization: Self.header()))
        #expect(time.timestamp == 1_700_000_000_000)
        #expect(time.nonce == Self.nonce)
        #expect(time.signature == [UInt8](repeating: 7, count: 64))
    }

    @Test(
        "is read as the original reads it",
        arguments: [
            header(ts: "+1700000000000"), header(ts: "1700000000000.9"), header(ts: "1700000000000ms"),
            header(ts: " 1700000000000"), header(ts: "001700000000000"),
            "Bot2Bot  ts=1700000000000 , n=\(nonce) ,\tsig=\(signature) ",
            "Bot2Bot sig=\(signature),n=\(nonce),ts=1700000000000",
            "Bot2Bot ts=1,ts=1700000000000,n=\(nonce),sig=\(signature)",
            "Bot2Bot junk,,a=b=c,=,ts=1700000000000,n=\(nonce),sig=\(signature),",
        ])
    func lenient(header: String) {
        #expect(SignedTime(authorization: header)?.timestamp == 1_700_000_000_000)
    }

    @Test(
        "anything else is no signature",
        arguments: [
            "", "Bot2Bot", "Bot2Bot ", header("bot2bot "), header("Bearer "), header(" Bot2Bot "),
            header("Bot2Bot\t"), header(ts: ""), header(ts: "0"), header(ts: "-0"), header(ts: "abc"),
            header(n: ""), header(sig: ""), header(sig: "AAAA"), header(sig: String(signature.dropLast())),
            header(sig: signature + "="), "Bot2Bot n=\(nonce),sig=\(signature)",
            "Bot2Bot ts=1700000000000,sig=\(signature)", "Bot2Bot ts=1700000000000,n=\(nonce)",
            "Bot2Bot ts=1700000000000;n=\(nonce);sig=\(signature)",
            "Bot2Bot TS=1700000000000,N=\(nonce),SIG=\(signature)",
            "Bot2Bot ts =1700000000000,n=\(nonce),sig=\(signature)",
        ])
    func bad(header: String) {
        #expect(SignedTime(authorization: header) == nil)
    }

    @Test(
        "a nonce is 16 to 64 of A-Z, a-z, 0-9, +, /, =, _ and -",
        arguments: [
            (String(repeating: "a", count: 15), false), (String(repeating: "a", count: 16), true),
            (String(repeating: "Z", count: 64), true), (String(repeating: "Z", count: 65), false),
            ("AZaz09+/=_-AAAAA", true), ("AAAAAAAAAAAAAAA.", false), ("AAAAAAAA AAAAAAA", false),
            ("AAAAAAAAAAAAAAA\0", false), ("ÄÄÄÄÄÄÄÄ", false), ("AAAAAAAAAAAAAAA\u{301}", false),
            ("AAAAAAAA%2FAAAAA", false), ("AAAAAAAAAAAAAAA\"", false),
        ])
    func nonces(nonce: String, expected: Bool) {
        let time = SignedTime(timestamp: 1, nonce: nonce, signature: Self.signature)
        #expect((time != nil) == expected)
        if !nonce.contains(",") {
            #expect((SignedTime(authorization: Self.header(n: nonce)) != nil) == expected)
        }
    }

    @Test("a signature may be in either alphabet")
    func alphabets() {
        let bytes = SignedTime(authorization: Self.header(sig: Self.urlSafe))?.signature
        #expect(bytes == [UInt8](repeating: 0xff, count: 64))
    }

    @Test("a time that is missing or 0 is none", arguments: [nil, 0] as [Int64?])
    func noTime(timestamp: Int64?) {
        #expect(SignedTime(timestamp: timestamp, nonce: Self.nonce, signature: Self.signature) == nil)
    }
}

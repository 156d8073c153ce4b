import Foundation
import Testing
@testable import Dashboard
@testable import SignalboxMetrics

/// Accept headers that nobody would write and some would send. FUZZ_ROUNDS sets how many; `make soak` asks for ten
/// million.
@Suite("Negotiation under fuzzing")
struct NegotiationFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["FUZZ_ROUNDS"].flatMap(Int.init) ?? 5_000

    private static let media = [
        "application/openmetrics-text", "text/plain", "application/json", "*/*", "text/*", "application/*",
        "text/html", "APPLICATION/JSON", "text/csv", "application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text; version=0.0.1", "text/plain;version=0.0.4", "", "/", "*", ";", "q=1",
        "application/json;charset=utf-8", "é/ü", "text/plain\u{0}",
    ]
    private static let weights = [
        "", ";q=1", ";q=0", ";q=0.5", "; q=0.25", ";q=.5", ";q=-1", ";q=nan", ";q=inf", ";q=1e400",
        ";q=0x1p3",
        ";q=", ";Q=0.75", ";q=0.5;q=1", ";q=\u{661}", ";q=1.000000000000000000000000000001",
    ]

    /// Repeatable: a finding can be had again by its number.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private static func entry(_ dice: inout Dice) -> String {
        let one = (media.randomElement(using: &dice) ?? "") + (weights.randomElement(using: &dice) ?? "")
        guard Int.random(in: 0..<4, using: &dice) == 0, !one.isEmpty else { return one }
        // A byte somewhere becomes another.
        var bytes = Array(one.utf8)
        bytes[Int.random(in: bytes.indices, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("an answer is one that the header allows, however it is written")
    func accept() async {
        for round in 0..<Self.rounds {
            // Other tests wait for the clock on the same few threads.
            if round % 64 == 0 { await Task.yield() }
            var dice = Dice(state: UInt64(round))
            let entries = (0..<Int.random(in: 0...6, using: &dice)).map { _ in Self.entry(&dice) }
            let header = entries.joined(separator: ",")
            for fallback in [Negotiation.Answer.json, .exposition(.text)] {
                func answer(_ text: String) -> Negotiation.Answer {
                    Negotiation.answer(accept: text, fallback: fallback)
                }
                let found = answer(header)
                // JSON is only ever said where it is the custom, and nothing changes by what changes nothing.
                let isRight =
                    (fallback == .json || found != .json) && answer(header + ",text/html;q=0.9") == found
                    && answer(header + ",application/json;q=0") == found
                    && answer(" " + header.uppercased() + " ") == found
                // An expectation for each would take longer than what it looks at.
                if !isRight { Issue.record("round \(round): \(header.debugDescription)") }
            }
            _ = Negotiation.prefersCSV(accept: header)
        }
    }

    @Test("the best by weight wins wherever it stands")
    func order() async {
        let formats: [(String, Negotiation.Answer)] = [
            ("application/openmetrics-text", .exposition(.openMetrics)), ("text/plain", .exposition(.text)),
            ("application/json", .json),
        ]
        for round in 0..<min(Self.rounds, 2_000) {
            if round % 64 == 0 { await Task.yield() }
            var dice = Dice(state: UInt64(round) &+ 1 << 40)
            let shuffled = formats.shuffled(using: &dice)
            let entries = shuffled.enumerated().map { "\($1.0);q=0.\(9 - $0)" }.shuffled(using: &dice)
            let found = Negotiation.answer(accept: entries.joined(separator: ", "), fallback: .json)
            if found != shuffled[0].1 { Issue.record("round \(round): \(entries)") }
        }
    }
}

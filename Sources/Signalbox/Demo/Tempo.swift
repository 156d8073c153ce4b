import Foundation

/// How busy the rooms are as time goes by: a slow sine, with short bursts and lulls in it, so that charts
/// have a shape. About 1 in the mean.
struct Tempo: Sendable {
    /// No moment is busier than this.
    static let peak = 5.6

    private static let period = 300.0
    /// Bursts outweigh lulls by this much.
    private static let surplus = 1.09

    private var generator: SplitMix64
    private var mood = 1.0
    private var moodEnds: Double

    init(generator: SplitMix64) {
        self.generator = generator
        moodEnds = 8
    }

    /// The factor at `second`. Seconds must not go back.
    mutating func factor(at second: Double) -> Double {
        while second >= moodEnds {
            if mood != 1 {
                mood = 1
                moodEnds += .random(in: 12...30, using: &generator)
            } else if generator.chance(0.6) {
                mood = 3.5
                moodEnds += .random(in: 2...4, using: &generator)
            } else {
                mood = 0.1
                moodEnds += .random(in: 4...8, using: &generator)
            }
        }
        // Through its middle at half a minute, so that a run of a minute has about the mean rate too.
        let slow = 1 + 0.6 * sin(2 * .pi * (second - 30) / Self.period)
        return slow * mood / Self.surplus
    }
}

import Foundation

/// What an agent is to say.
struct Utterance: Sendable {
    let text: String
    let isReply: Bool
    /// Milliseconds until the server may forget it; nil for as long as it likes.
    let lifetime: Int?
}

/// One entry of the schedule.
struct Cue: Sendable {
    enum Action: Sendable {
        case say(Utterance, room: Int, agent: Int)
        case trespass(Trespass)
    }

    /// Since the start.
    let second: Double
    let action: Action
}

/// Who says what, and when: endless, and the same for the same seed, rate and rooms.
struct Schedule: Sequence, IteratorProtocol, Sendable {
    /// Below the relay's sustained limit of 200 a second for one address, with room for everything else.
    static let ceiling = 150.0

    private let rate: Double
    private let rooms: Int
    private let agents: Int
    private var generator: SplitMix64
    private var refusals: SplitMix64
    private var tempo: Tempo
    private var nextMessage = 0.0
    private var nextTrespass = 2.0
    private var trespasses: [Trespass] = []

    init(seed: UInt64, rate: Double, rooms: Int, agents: Int) {
        self.rate = rate
        self.rooms = rooms
        self.agents = agents
        generator = SplitMix64(seed: seed, part: 1)
        refusals = SplitMix64(seed: seed, part: 2)
        tempo = Tempo(generator: SplitMix64(seed: seed, part: 3))
        nextMessage = moment(after: 0)
    }

    mutating func next() -> Cue? {
        if nextTrespass < nextMessage {
            let second = nextTrespass
            nextTrespass += .random(in: 2...5, using: &refusals)
            // Every kind once a round, so that a short run shows them all.
            if trespasses.isEmpty { trespasses = Trespass.allCases.shuffled(using: &refusals) }
            return Cue(second: second, action: .trespass(trespasses.removeLast()))
        }
        let second = nextMessage
        nextMessage = moment(after: second)
        let utterance = Utterance(
            text: Phrases.sentence(using: &generator), isReply: generator.chance(0.25),
            // Long enough that a reader who is away for a moment still gets it.
            lifetime: generator.chance(0.15) ? .random(in: 120_000...3_600_000, using: &generator) : nil)
        let agent = Int.random(in: 0..<agents, using: &generator)
        return Cue(second: second, action: .say(utterance, room: room(), agent: agent))
    }

    /// Messages come as a Poisson process whose rate follows the tempo (by thinning).
    private mutating func moment(after second: Double) -> Double {
        let busiest = Swift.min(rate * Tempo.peak, Self.ceiling)
        var second = second
        while true {
            second += -log(1 - Double.random(in: 0..<1, using: &generator)) / busiest
            let wanted = Swift.min(rate * tempo.factor(at: second), Self.ceiling)
            if generator.chance(wanted / busiest) { return second }
        }
    }

    /// Some rooms are busier than others.
    private mutating func room() -> Int {
        let weights = (0..<rooms).map { 1 / Double($0 + 1).squareRoot() }
        var ticket = Double.random(in: 0..<weights.reduce(0, +), using: &generator)
        for (room, weight) in weights.enumerated() {
            ticket -= weight
            if ticket < 0 { return room }
        }
        return rooms - 1
    }
}

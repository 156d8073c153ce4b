/// What was counted and seen within one minute, hour or day.
public struct Point: Sendable, Equatable {
    /// Unix time in ms: of the sample for a minute, of the start for an hour or a day.
    public var t: Int64
    /// When the last sample that went in was taken, Unix ms.
    public var lastT: Int64
    /// How many samples went in.
    public var samples: Int64
    /// Totals since first boot at the last sample; nil where a record of another server didn't say.
    public var messagesTotal: Int64?
    public var roomsTotal: Int64?
    public var bugsTotal: Int64?
    private var values: [Int64]

    /// An empty point at `t`.
    public init(t: Int64, lastT: Int64 = 0, samples: Int64 = 0) {
        self.t = t
        self.lastT = lastT
        self.samples = samples
        values = [Int64](repeating: 0, count: StoredStat.allCases.count)
    }

    public subscript(stat: StoredStat) -> Int64 {
        get { values[stat.index] }
        set { values[stat.index] = newValue }
    }

    /// A value by the stat's place among all.
    subscript(index index: Int) -> Int64 {
        get { values[index] }
        set { values[index] = newValue }
    }

    /// Takes a later or earlier point in: counts add up, gauges and totals come from the later one, peaks
    /// are the higher one.
    public mutating func merge(_ other: Point) {
        let isLater = beginMerge(lastT: other.lastT, samples: other.samples)
        for index in values.indices { merge(other.values[index], at: index, isLater: isLater) }
        if isLater {
            messagesTotal = other.messagesTotal ?? messagesTotal
            roomsTotal = other.roomsTotal ?? roomsTotal
            bugsTotal = other.bugsTotal ?? bugsTotal
        }
    }

    /// Takes in the times of another point; its values follow by ``merge(_:at:isLater:)``.
    /// - Returns: whether the other one is later.
    mutating func beginMerge(lastT other: Int64, samples more: Int64) -> Bool {
        let isLater = other >= lastT
        samples = boundedSum(samples, more)
        lastT = max(lastT, other)
        return isLater
    }

    /// Takes in one value of another point.
    @inline(__always)
    mutating func merge(_ value: Int64, at index: Int, isLater: Bool) {
        switch StoredStat.folding[index] {
        // Damage on the disk must not end the server.
        case .sum: values[index] = boundedSum(values[index], value)
        case .later: if isLater { values[index] = value }
        case .highest: values[index] = max(values[index], value)
        }
    }
}

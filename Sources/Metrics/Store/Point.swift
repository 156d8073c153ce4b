/// What was counted and seen within one minute or hour.
public struct Point: Sendable, Equatable {
    /// Unix time in ms: of the sample for a minute, of the hour's start for an hour.
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

    /// Takes a later or earlier point in: counts add up, gauges and totals come from the later one, peaks
    /// are the higher one.
    public mutating func merge(_ other: Point) {
        let isLater = other.lastT >= lastT
        for index in values.indices {
            switch StoredStat.folding[index] {
            case .sum: values[index] += other.values[index]
            case .later: if isLater { values[index] = other.values[index] }
            case .highest: values[index] = max(values[index], other.values[index])
            }
        }
        if isLater {
            messagesTotal = other.messagesTotal ?? messagesTotal
            roomsTotal = other.roomsTotal ?? roomsTotal
            bugsTotal = other.bugsTotal ?? bugsTotal
        }
        samples += other.samples
        lastT = max(lastT, other.lastT)
    }
}

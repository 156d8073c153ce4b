/// What JavaScript's dates end at, ms. A row with a time beyond it is damage and is never read, so that no
/// arithmetic on times can overflow.
let timeMax: Int64 = 8_640_000_000_000_000

/// Counts end here, at what a JSON client can read exactly; a larger one is damage.
public let countMax: Int64 = 1 << 53

/// A stored count within what a count can be.
func boundedCount(_ stored: Int64) -> Int64 { min(max(0, stored), countMax) }

/// The sum of two counts, which ends where counts do.
public func boundedSum(_ one: Int64, _ other: Int64) -> Int64 {
    min(boundedCount(one) + boundedCount(other), countMax)
}

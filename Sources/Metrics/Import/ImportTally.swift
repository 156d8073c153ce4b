/// What became of the records of one imported file. Nothing is passed over in silence: a record is taken, was
/// there already, or is dropped with a reason.
public struct ImportTally: Sendable, Equatable {
    /// Why a record was dropped or mended; a closed list, so that nothing of a record's content can travel.
    public enum Reason: String, CaseIterable, Sendable {
        case notAnObject = "not an object"
        case noTime = "without a time"
        case ahead = "of a time to come"
        case tooOld = "older than such records are kept"
        case beyondRetention = "more of them than are kept"
        case sameTime = "at the same time as another, added to it"
        case notANumber = "with a value that is no number, taken as 0"
        case negative = "with a negative value, taken as 0"
        case tooLarge = "with a value too large to be a count, taken as 0"
        case badCountry = "with a country that is none"
        case noCount = "with a country without visits"
        case badHandle = "with a handle that is none, or another's"
        case badKey = "with a key that is none"
        case unknownHandle = "of a handle that isn't registered"
        case badProfile = "with a profile that can't be published"
        case otherKey = "not signed by who has the handle here"
        case expired = "out of time"

        /// A part of a record was left out; the record itself was taken.
        var isPart: Bool { self == .badCountry || self == .noCount || self == .tooLarge }
    }

    /// The file's name.
    public let name: String
    public var read = 0
    public var imported = 0
    public var alreadyThere = 0
    public var dropped: [Reason: Int] = [:]
    /// What was taken with something put right.
    public var mended: [Reason: Int] = [:]

    public init(_ name: String) { self.name = name }

    public mutating func drop(_ reason: Reason) { dropped[reason, default: 0] += 1 }
    public mutating func mend(_ reason: Reason) { mended[reason, default: 0] += 1 }

    /// Notes how many of the records that weren't dropped were new to the store.
    public mutating func settle(imported new: Int) {
        let lost = dropped.reduce(0) { $0 + ($1.key.isPart ? 0 : $1.value) } + (mended[.sameTime] ?? 0)
        imported = min(max(0, read - lost), new)
        alreadyThere = max(0, read - lost) - imported
    }

    /// One line for people.
    public var line: String {
        var parts = ["\(name): \(read) read, \(imported) imported, \(alreadyThere) already there"]
        for reason in Reason.allCases {
            if let count = dropped[reason] { parts.append("dropped \(count) \(reason.rawValue)") }
            if let count = mended[reason] { parts.append("repaired \(count) \(reason.rawValue)") }
        }
        return parts.joined(separator: "; ")
    }
}

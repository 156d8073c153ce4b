/// A room's name on the wire: `[A-Za-z0-9_-]{4,64}`. It never reaches a log, a metric or the disk.
public struct RoomID: Hashable, Sendable {
    let text: String

    /// nil when the text isn't a room id.
    public init?(_ text: String) {
        guard (4...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isAllowed) else { return nil }
        self.text = text
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

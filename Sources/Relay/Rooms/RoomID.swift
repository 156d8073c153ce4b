/// A room's name on the wire: `[A-Za-z0-9_-]{4,64}`. It never reaches a log, a metric or the disk.
public struct RoomID: Hashable, Sendable {
    let text: String

    /// nil when the text isn't a room id.
    public init?(_ text: String) {
        var text = text
        guard (4...64).contains(text.utf8.count), text.withUTF8({ $0.allSatisfy(Self.isAllowed) }) else {
            return nil
        }
        self.text = text
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        // A letter in either case, a digit, `_`, `-`.
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5f || byte == 0x2d
    }
}

/// A registered name: `[a-z0-9][a-z0-9_-]{1,31}`.
struct Handle: Hashable, Sendable {
    let text: String

    /// nil when the text isn't a handle. Only a string is one: the original took `["alice"]` for alice.
    init?(_ text: String) {
        guard let first = text.utf8.first, (2...32).contains(text.utf8.count),
            Self.isAlphanumeric(first), text.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        self.text = text
    }

    /// A handle in a path: one leading `@` and upper case are forgiven.
    init?(path parameter: String) {
        let bare = parameter.hasPrefix("@") ? String(parameter.dropFirst()) : parameter
        self.init(bare.lowercased())
    }

    /// What the original's room routes take for a handle: a little more than can be registered.
    static func isLoose(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy(isAllowed)
    }

    /// Handles that only the operator may register.
    static let reserved: Set<String> = [
        "anon", "admin", "bot2bot", "system", "root", "support", "help", "demo", "echo",
    ]

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}

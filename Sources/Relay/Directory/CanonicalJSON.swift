import NIOCore
import Web

/// JSON with one spelling: members sorted, no spaces, as the original and its SDKs write what they sign.
enum CanonicalJSON {
    static func text(_ value: JSONValue) -> String {
        var json = JSONWriter(capacity: 1_024)
        json.value(value)
        return String(buffer: json.buffer)
    }
}

extension JSONWriter {
    /// A value with its members sorted by UTF-16 units, as JavaScript sorts.
    mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let number): self.number(number)
        case .string(let text): string(text)
        case .array(let values): array { list in values.forEach { list.value($0) } }
        case .object(let members):
            object { writer in
                for (name, member) in members.sorted(by: { Self.precedes($0.key, $1.key) }) {
                    writer.key(named: name)
                    writer.value(member)
                }
            }
        }
    }

    private static func precedes(_ one: String, _ other: String) -> Bool {
        one.utf16.lexicographicallyPrecedes(other.utf16)
    }
}

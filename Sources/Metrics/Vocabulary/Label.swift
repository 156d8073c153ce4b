/// A label: a closed set of values that a series is split by. There is no way to make a value at run time.
public protocol Label: CaseIterable, Hashable, Sendable, RawRepresentable where RawValue == Int {
    /// The label's name in the exposition.
    static var key: String { get }
    /// How many values there are; equal to `allCases.count`, known to the compiler.
    static var count: Int { get }
    /// The value's text in the exposition: the case name in snake_case unless the label says otherwise.
    var text: String { get }
}

extension Label {
    public var text: String { snakeCase(String(describing: self)) }
}

/// `roomsPerClient` → `rooms_per_client`.
func snakeCase(_ name: String) -> String {
    var result = ""
    for character in name {
        if character.isUppercase {
            result.append("_")
            result.append(contentsOf: character.lowercased())
        } else {
            result.append(character)
        }
    }
    return result
}

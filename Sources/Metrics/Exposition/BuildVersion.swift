/// The program's version. Digits, dots and letters only, so that it can stand in a label as it is.
public struct BuildVersion: Sendable {
    public let text: String

    /// - Parameter text: for example `0.1.0`; characters outside `[A-Za-z0-9.+-]` are left out.
    public init(_ text: StaticString) {
        self.text = String(
            "\(text)".unicodeScalars.filter {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                    || ".+-".unicodeScalars.contains($0)
            }.map(Character.init))
    }
}

import Foundation

/// An address that holds a token or is one: it prints as "(secret)", also inside of what holds it.
struct SecretAddress: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let url: String

    /// nil when `url` isn't an absolute address of http or https.
    init?(_ url: String) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "https" || scheme == "http", parts.host?.isEmpty == false,
            // URLComponents encodes what can't stand in an address; then it isn't one.
            parts.string == url
        else { return nil }
        self.url = url
    }

    var description: String { "(secret)" }
    var debugDescription: String { "(secret)" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

import Foundation

/// A room's address with its key: `https://host/room/ID#k=KEY`. Who has it reads the room.
struct RoomLink: Sendable {
    /// Scheme, host and port of the server.
    let origin: String
    /// As it stands in a path, percent-encoded.
    let id: String
    /// 32 bytes.
    let key: [UInt8]

    /// A new room on a server.
    /// - Throws: ``ClientError`` when `origin` is no address of http or https.
    init(newAt origin: String) throws {
        self.origin = try Self.origin(of: origin)
        id = Self.text(SecretBox.randomBytes(16))
        key = SecretBox.randomBytes(32)
    }

    /// - Throws: ``ClientError`` that says what of the link is missing or wrong.
    init(_ text: String) throws {
        let link = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        origin = try Self.origin(of: String(parts[0]))
        let path = URLComponents(string: String(parts[0]))?.percentEncodedPath ?? ""
        guard let match = path.wholeMatch(of: /\/room\/([^\/]+)\/?/) else {
            throw ClientError("That is no link to a room: it has no /room/ID.")
        }
        id = String(match.1)
        let fields = parts.count > 1 ? parts[1].split(separator: "&") : []
        guard let field = fields.first(where: { $0.hasPrefix("k=") }) else {
            throw ClientError(
                "The link lacks its key, which stands after #k=. Ask whoever sent it for all of it.")
        }
        guard let key = Self.bytes(String(field.dropFirst(2))), key.count == 32 else {
            throw ClientError("The key in the link is damaged: it isn't 32 bytes of base64.")
        }
        self.key = key
    }

    /// The whole link.
    var text: String { "\(origin)/room/\(id)#k=\(Self.text(key))" }

    /// The address of a server without what follows it.
    static func origin(of address: String) throws -> String {
        guard let parts = URLComponents(string: address), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), let host = parts.percentEncodedHost, !host.isEmpty
        else {
            // It isn't quoted: it may be a link with a key in it.
            throw ClientError("That is no address of a server; one begins with https:// or http://.")
        }
        return "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }

    /// base64url without padding.
    private static func text(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    /// base64 in either alphabet, padded or not.
    private static func bytes(_ text: String) -> [UInt8]? {
        var text = (text.removingPercentEncoding ?? text).replacing("-", with: "+").replacing("_", with: "/")
            .replacing("=", with: "")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text).map(Array.init)
    }
}

public import Foundation
import Web

/// The files for programs that are read as they are: the client, and what crawlers and auditors look for.
public struct SiteTexts: Sendable {
    let llms: String
    let robots: String
    /// RFC 9116; nil without a contact.
    let security: String?
    /// Clients to download, by name.
    let clients: [String: String]
    /// Their SHA-256 by path within Public/.
    public let hashes: [(name: String, sha256: String)]

    /// - Parameters:
    ///   - texts: the folder of llms.txt and robots.txt.
    ///   - clients: the folder of the clients.
    ///   - contact: SECURITY_CONTACT.
    ///   - expires: when whoever reads security.txt shall look again.
    /// - Throws: when a file can't be read.
    public init(texts: URL, clients: URL, contact: String?, expires: Date) throws {
        func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }
        llms = try text(texts.appending(path: "llms.txt"))
        robots = try text(texts.appending(path: "robots.txt"))
        security = contact.map {
            "Contact: \($0)\nExpires: \(expires.formatted(.iso8601))\nPreferred-Languages: en\n"
        }
        let files = try FileManager.default.contentsOfDirectory(at: clients, includingPropertiesForKeys: nil)
        self.clients = Dictionary(
            uniqueKeysWithValues: try files.filter { $0.pathExtension == "py" }
                .map { ($0.lastPathComponent, try text($0)) })
        hashes =
            self.clients.sorted { $0.key < $1.key }.map { ("sdk/" + $0.key, SHA256.hex($0.value)) }
            + [("llms.txt", SHA256.hex(llms)), ("robots.txt", SHA256.hex(robots))]
    }
}

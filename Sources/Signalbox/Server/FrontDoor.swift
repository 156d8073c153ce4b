import Dashboard
import Foundation
import NIOCore
import Web

/// What opens the dashboard on this server: the tokens from settings, or one made on loopback.
struct FrontDoor {
    let keys: Gate.Keys
    let hosts: AllowedHosts
    let isHTTPS: Bool
    /// The token was made by the server and lies in this file.
    let madeTokenPath: String?
    /// Bound beyond this machine without a token: the dashboard is off.
    let isShut: Bool

    init(settings: ServerSettings, directory: DataDirectory) throws {
        let host = settings["HOST"] ?? "127.0.0.1"
        var token = try settings["METRICS_TOKEN"] ?? Self.read(settings["METRICS_TOKEN_FILE"])
        var made: String?
        if token == nil, Self.isLoopback(host) {
            token = try Self.makeToken(directory.tokenPath)
            made = directory.tokenPath
        }
        keys = Gate.Keys(
            token: token.flatMap { Secret($0) },
            scrapeToken: settings["METRICS_SCRAPE_TOKEN"].flatMap { Secret($0) })
        hosts = AllowedHosts(
            publicBaseURL: settings["PUBLIC_BASE_URL"], more: settings.list("PUBLIC_HOSTS") + [host])
        isHTTPS = settings["PUBLIC_BASE_URL"]?.lowercased().hasPrefix("https://") == true
        madeTokenPath = made
        isShut = token == nil
    }

    private static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || IPAddress(host)?.isLoopback == true
    }

    private static func read(_ path: String?) throws -> String? {
        guard let path else { return nil }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw SettingsError(description: "METRICS_TOKEN_FILE \(path) can't be read.")
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty else { throw SettingsError(description: "METRICS_TOKEN_FILE \(path) is empty.") }
        return token
    }

    /// Reads the token of an earlier start or makes one that only this user can read.
    private static func makeToken(_ path: String) throws -> String {
        if let known = try? read(path) { return known }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<24).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let token = Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
        // Written whole under another name first: a crash leaves the old file or the new one, never half.
        let temporary = path + ".new"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SettingsError(description: "The token can't be written to \(path).") }
        let handle = FileHandle(fileDescriptor: file, closeOnDealloc: true)
        try handle.write(contentsOf: Data((token + "\n").utf8))
        try handle.synchronize()
        guard rename(temporary, path) == 0 else {
            throw SettingsError(description: "The token can't be written to \(path).")
        }
        return token
    }
}

/// A mark of the assets' version in their addresses, so that a browser may keep them for ever and still has those
/// of this build.
public struct AssetStamp: Sendable {
    /// The same for the same files.
    public let version: String

    /// - Parameter hashes: the assets' SHA-256 by name.
    init(_ hashes: [(name: String, sha256: String)]) {
        version = String(
            SHA256.hex(hashes.map { "\($0.name) \($0.sha256)" }.joined(separator: "\n")).prefix(16))
    }

    /// A page with the mark on what it links to and loads.
    public func page(_ html: String) -> String {
        marked(html, quotes: "\"", folder: "/assets/", suffix: "")
    }

    /// A module with the mark on what it imports from beside it.
    func script(_ text: String) -> String {
        marked(text, quotes: "\"'", folder: "./", suffix: ".js")
    }

    /// The text with the mark on every quoted address of a file in the folder. By bytes: regular expressions would
    /// take a tenth of the start.
    private func marked(_ text: String, quotes: String, folder: String, suffix: String) -> String {
        let (quotes, folder, suffix) = (Array(quotes.utf8), Array(folder.utf8), Array(suffix.utf8))
        let mark = Array("?v=\(version)".utf8)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + 1_024)
        var position = 0
        while position < bytes.count {
            let quote = bytes[position]
            result.append(quote)
            position += 1
            guard quotes.contains(quote), bytes[position...].starts(with: folder) else { continue }
            let name = bytes[(position + folder.count)...].prefix { Self.isInName($0) }
            guard name.endIndex < bytes.count, bytes[name.endIndex] == quote, !name.isEmpty,
                name.suffix(suffix.count).elementsEqual(suffix)
            else { continue }
            result += bytes[position..<name.endIndex] + mark
            position = name.endIndex
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

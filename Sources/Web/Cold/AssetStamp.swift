/// A mark of the assets' version in their addresses, so that a browser may keep them for ever and still has those
/// of this build.
public struct AssetStamp: Sendable {
    /// The same for the same files.
    public let version: String

    /// - Parameter files: the assets' contents by name.
    init(_ files: [String: [UInt8]]) {
        var all: [UInt8] = []
        for name in files.keys.sorted() {
            all += Array(name.utf8) + [0]
            all += files[name] ?? []
        }
        version = fingerprint(of: all)
    }

    /// A page with the mark on what it links to and loads.
    public func page(_ html: String) -> String {
        html.replacing(/((?:href|src)="\/assets\/[\w.-]+)"/) { "\($0.1)?v=\(version)\"" }
    }

    /// A module with the mark on what it imports from beside it.
    func script(_ text: String) -> String {
        text.replacing(/((?:from|import) ?\(?["']\.\/[\w.-]+\.js)(["'])/) { "\($0.1)?v=\(version)\($0.2)" }
    }
}

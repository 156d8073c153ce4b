import Foundation

/// The sources as text. Found from where this file lies, so that the tests run from any directory.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    struct SourceFile: Sendable, CustomStringConvertible {
        /// Below the repository's root.
        let path: String
        let lines: [String]

        var description: String { path }
        /// The folder right below Sources or Tests.
        var folder: String { String(path.split(separator: "/")[1]) }

        /// The lines, counted from 1, that hold `text` outside of a comment.
        func uses(of text: String) -> [Int] {
            lines.indices.filter { index in
                let line = lines[index]
                guard let use = line.range(of: text, options: .literal) else { return false }
                guard let comment = line.range(of: "//", options: .literal) else { return true }
                return use.lowerBound < comment.lowerBound
            }.map { $0 + 1 }
        }

        /// The modules it imports, in order.
        var imports: [String] {
            lines.filter { $0.range(of: "import ", options: .literal) != nil }.compactMap(
                Arrows.importedModule)
        }
    }

    static let sources = Result { try swiftFiles("Sources") }
    static let tests = Result { try swiftFiles("Tests") }

    /// Every Swift file below a folder.
    private static func swiftFiles(_ folder: String) throws -> [SourceFile] {
        let top = root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: top.path).filter {
            $0.hasSuffix(".swift")
        }
        return try paths.sorted().map { path in
            let text = try String(contentsOf: top.appending(path: path), encoding: .utf8)
            return SourceFile(path: "\(folder)/\(path)", lines: text.components(separatedBy: "\n"))
        }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}

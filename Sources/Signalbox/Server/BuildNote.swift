import Foundation

/// What the build noted of the running program, in a file beside it, `signalbox.commit`. It counts only when it
/// isn't older than the program.
struct BuildNote {
    /// A hash, with a plus for changes that weren't committed.
    let commit: String
    /// The SHA-256 of the Package.swift it was built by; nil in notes of older builds.
    let manifest: String?

    static func read() -> BuildNote? {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let note = program.appendingPathExtension("commit")
        guard let built = date(program), let written = date(note), written >= built,
            let text = try? String(contentsOf: note, encoding: .utf8)
        else { return nil }
        let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        guard let commit = lines.first, commit.wholeMatch(of: /[0-9a-f]{7,64}\+?/) != nil else { return nil }
        let manifest = lines.dropFirst().first.flatMap {
            $0.wholeMatch(of: /([0-9a-f]{64})\s+Package\.swift/)
        }
        return BuildNote(commit: commit, manifest: manifest.map { String($0.1) })
    }

    private static func date(_ file: URL) -> Date? {
        try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
}

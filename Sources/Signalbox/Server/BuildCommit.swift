import Foundation

/// The commit that the running program was built from. The build notes it in a file beside the program,
/// `signalbox.commit`, which counts only when it isn't older than the program.
enum BuildCommit {
    static var noted: String? {
        let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        let note = program.appendingPathExtension("commit")
        guard let built = date(program), let written = date(note), written >= built,
            let text = try? String(contentsOf: note, encoding: .utf8)
        else { return nil }
        let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
        // A hash, with a plus for changes that weren't committed.
        return commit.wholeMatch(of: /[0-9a-f]{7,64}\+?/) == nil ? nil : commit
    }

    private static func date(_ file: URL) -> Date? {
        try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
    }
}

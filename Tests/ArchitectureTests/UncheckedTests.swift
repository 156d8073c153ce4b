import Testing

@Suite("What the compiler doesn't check is explained")
struct UncheckedTests {
    @Test(
        "each use has a comment within three lines that says why it is safe",
        arguments: ["@unchecked Sendable", "nonisolated(unsafe)", "unsafeBitCast("])
    func explained(word: String) throws {
        for file in try Repository.sources.get() {
            for line in file.uses(of: word) {
                let near = file.lines[max(0, line - 4)...min(file.lines.count - 1, line + 2)]
                #expect(
                    near.contains { $0.contains("//") }, "\(file):\(line) uses \(word) without a word why")
            }
        }
    }
}

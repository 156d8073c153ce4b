import Testing

@Suite("Nothing that ends the process on purpose")
struct ForbiddenCallsTests {
    @Test("no source file calls it", arguments: ["fatalError(", "try!", "preconditionFailure(", "as!"])
    func absent(call: String) throws {
        for file in try Repository.sources.get() {
            for line in file.uses(of: call) { Issue.record("\(file):\(line) has \(call)") }
        }
    }

    @Test("a call is seen in code and not in a comment")
    func scan() {
        let file = Repository.SourceFile(
            path: "Sources/A/B.swift",
            lines: ["// never try! here", "let a = try! b() // because", "try? c()"])
        #expect(file.uses(of: "try!") == [2])
    }
}

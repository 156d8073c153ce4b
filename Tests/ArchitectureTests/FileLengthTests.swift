import Testing

@Suite("Files stay small")
struct FileLengthTests {
    @Test("no Swift file has more than 400 lines")
    func length() throws {
        let files = try Repository.sources.get() + Repository.tests.get()
        #expect(files.count > 100, "the scan found hardly a file: it is broken")
        for file in files {
            // A file ends with a line break, after which no line comes.
            let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
            #expect(count <= 400, "\(file) has \(count) lines")
        }
    }
}

import Testing
@testable import Notify

@Suite("Notes to the operator")
struct OperatorNoteTests {
    @Test("a text is cut to a number of UTF-16 units, with an ellipsis, never inside of a sign")
    func cut() {
        #expect("abc".cut(toUnits: 3) == "abc")
        #expect("abcd".cut(toUnits: 3) == "ab…")
        #expect("abcd".cut(toUnits: 1) == "…")
        #expect("😀😀".cut(toUnits: 4) == "😀😀")
        #expect("😀😀".cut(toUnits: 3) == "😀…")
        #expect("😀😀".cut(toUnits: 2) == "…")
        #expect("".cut(toUnits: 1) == "")
        let marks = "e" + String(repeating: "\u{301}", count: 9_000)
        #expect(marks.cut(toUnits: 100).utf16.count == 100)
    }

    @Test("control characters and marks of direction are gone, line breaks are one kind")
    func readable() {
        #expect("a\r\nb\rc\u{85}d\u{2028}e\u{2029}f".readable(inOneLine: false) == "a\nb\nc\nd\ne\nf")
        #expect("a\r\nb\nc".readable(inOneLine: true) == "a b c")
        #expect("a\u{0}\t\u{1B}[31m\u{7F}".readable(inOneLine: false) == "a   [31m ")
        #expect("x\u{202E}y\u{2066}z\u{200F}".readable(inOneLine: false) == "xyz\u{200F}")
        #expect(" \n\u{A0}\t".readable(inOneLine: false) == "")
    }

    @Test("fields without text are left out, and so is what is too much")
    func fields() {
        let note = OperatorNote(
            title: "Title\nof two lines",
            fields: [.init("A", ""), .init("B", " \u{0}\n"), .init("C", "c")])
        #expect(note.title == "Title of two lines")
        #expect(note.fields == [.init("C", "c")])
        let many = OperatorNote(
            lead: String(repeating: "x", count: 99), title: String(repeating: "t", count: 999),
            fields: (0..<99).map { .init(String(repeating: "l", count: 99), "\($0)") })
        #expect(many.fields.count == OperatorNote.mostFields)
        #expect(many.title.utf16.count == 160)
        #expect(many.lead.utf16.count == 16)
        #expect(many.fields.allSatisfy { $0.label.utf16.count == 32 })
    }

    @Test("a field's limit holds whatever it is")
    func limit() {
        let text = String(repeating: "x", count: 9_000)
        #expect(OperatorNote.Field("A", text).text.utf16.count == 1_000)
        #expect(OperatorNote.Field("A", text, limit: 0).text == "…")
        #expect(OperatorNote.Field("A", text, limit: .max).text.utf16.count == 4_096)
        #expect(OperatorNote.Field("A", "a\nb`c", style: .code).text == "a b`c")
    }

    @Test("the longest fields give way first, and as little as has to be")
    func fitted() {
        let note = OperatorNote(
            title: "T",
            fields: [
                .init("A", String(repeating: "a", count: 900)), .init("B", "short"),
                .init("C", String(repeating: "c", count: 700)),
                .init("D", String(repeating: "d", count: 100)),
            ])
        let cost = { (note: OperatorNote) in note.fields.reduce(0) { $0 + $1.text.utf16.count } }
        #expect(note.fitted(to: 2_000, cost: cost) == note)
        #expect(note.fitted(to: 1_705, cost: cost) == note)
        #expect(note.fitted(to: 1_105, cost: cost).fields.map(\.text.utf16.count) == [500, 5, 500, 100])
        #expect(note.fitted(to: 25, cost: cost).fields.map(\.text.utf16.count) == [6, 5, 6, 6])
    }

    @Test("the fullest note there can be fits both chats")
    func fullest() throws {
        let stars = String(repeating: "*", count: 9_000)
        let note = OperatorNote(
            lead: stars, title: stars, fields: (0..<99).map { _ in .init(stars, stars, limit: .max) })
        #expect(try MarkdownV2(TelegramChannel.text(of: note)).shown.utf16.count <= 4_096)
        #expect(DiscordChannel.content(of: note).utf16.count <= 2_000)
    }
}

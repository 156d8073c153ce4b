import SQLite
import Testing
import TestSupport

@Suite("Values come back as they went in")
struct ValueTests {
    private func roundTrip<T: Sendable>(
        _ value: Value, _ read: @escaping @Sendable (Row) -> T
    ) async throws -> T {
        try await withTemporaryDirectory { directory in
            let connection = try Connection(path: directory.appending(path: "a.sqlite").path)
            try connection.run("CREATE TABLE one (v)")
            try connection.execute("INSERT INTO one VALUES (?)", value)
            return try #require(try connection.query("SELECT v FROM one", read: read).first)
        }
    }

    @Test("an integer", arguments: [0, 1, -1, Int64.max, .min])
    func integer(number: Int64) async throws {
        #expect(try await roundTrip(.integer(number)) { $0.integer(0) } == number)
    }

    @Test("a floating-point number", arguments: [0.5, -1e300, 1e-300])
    func real(number: Double) async throws {
        #expect(try await roundTrip(.real(number)) { $0.real(0) } == number)
    }

    @Test("a text", arguments: ["", "plain", "ü 🚂 'quoted' \"twice\"", "two\nlines"])
    func text(text: String) async throws {
        #expect(try await roundTrip(.text(text)) { $0.text(0) } == text)
    }

    @Test("a text with a NUL in it isn't cut there")
    func textWithNul() async throws {
        #expect(try await roundTrip(.text("before\0after")) { $0.text(0) } == "before\0after")
    }

    @Test("bytes", arguments: [[], [0], [1, 0, 255]] as [[UInt8]])
    func blob(bytes: [UInt8]) async throws {
        #expect(try await roundTrip(.blob(bytes)) { $0.blob(0) } == bytes)
    }

    @Test("NULL, which is no number, no text and no bytes")
    func null() async throws {
        let isNull = try await roundTrip(.null) {
            $0.integer(0) == nil && $0.real(0) == nil && $0.text(0) == nil && $0.blob(0) == nil
        }
        #expect(isNull)
    }
}

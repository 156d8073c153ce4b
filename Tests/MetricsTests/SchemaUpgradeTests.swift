import Foundation
import SQLite
import Testing
import TestSupport
@testable import SignalboxMetrics

/// A store as the first schema had it: totals as a table of long names, no days, no countries, fewer columns.
@Suite("A store of the first schema")
struct SchemaUpgradeTests {
    private static let hour: Int64 = 3_600_000
    private static let columns = """
        messages bytes rooms bugs rooms_evicted http_posts http_2xx http_4xx http_5xx http_429 ws_connects
        ws_disconnects sse_connects sse_disconnects longpoll_waits longpoll_wakes longpoll_timeouts
        transport_browser transport_agent deliveries_sse deliveries_ws deliveries_poll deliveries_dropped
        slow_disconnects limited_room_rate limited_client_rate limited_streams limited_waiters limited_logins
        over_capacity logins_refused direct_messages direct_message_bytes identities_registered claims
        listening signatures_refused limited_signed active_rooms active_subs subs_sse subs_ws waiters
        room_buffer_bytes identities inbox_bytes peak_rooms peak_subs
        """.split(whereSeparator: \.isWhitespace).map(String.init)
    private static let totals: [(String, Int64)] = [
        ("signalbox_messages_total{via=\"http\"}", 5_000), ("signalbox_reports_total", 12),
        ("signalbox_process_starts_total", 3), ("highest_sequence_number", 77_000),
        ("peak_concurrent_rooms", 9), ("signalbox_page_visits_total{country=\"DE\"}", 41),
        // A series that this program doesn't know any more.
        ("signalbox_gone_total{kind=\"old\"}", 6),
    ]

    /// Fifty hours and two hours of minutes, each with counts, a gauge and a peak.
    private func makeOld(_ directory: URL) throws {
        let path = directory.appending(path: "signalbox.sqlite").path
        let database = try Database.open(path: path).database
        try database.write { connection in
            try connection.run(
                """
                CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
                INSERT INTO meta VALUES ('uuid', '00112233445566778899aabbccddeeff'),
                    ('first_boot_at', '2025-01-02T03:04:05.678Z'), ('ended_cleanly', '1');
                CREATE TABLE totals (series TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
                PRAGMA user_version = 1;
                """)
            for (name, value) in Self.totals {
                try connection.execute("INSERT INTO totals VALUES (?, ?)", .text(name), .integer(value))
            }
            let stats = Self.columns.map { "\($0) INTEGER NOT NULL DEFAULT 0" }.joined(separator: ", ")
            for (table, width, count) in [("minutes", Bench.minute, 120), ("hours", Self.hour, 50)]
                as [(String, Int64, Int64)]
            {
                try connection.run(
                    """
                    CREATE TABLE \(table) (t INTEGER PRIMARY KEY, last_t INTEGER NOT NULL,
                        samples INTEGER NOT NULL, messages_total INTEGER, rooms_total INTEGER,
                        bugs_total INTEGER, \(stats))
                    """)
                for number in 0..<count {
                    let t = Bench.hour - (count - number) * width
                    try connection.execute(
                        """
                        INSERT INTO \(table) (t, last_t, samples, messages_total, messages, http_2xx,
                            active_rooms, peak_rooms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """, .integer(t), .integer(t + width - 1), .integer(width / Bench.minute),
                        .integer(5_000 - count + number), .integer(number + 1), .integer(2),
                        .integer(number), .integer(number * 7 % 13))
                }
            }
        }
    }

    /// The days that follow from the fifty hours.
    private func expectedDays(_ zone: TimeZone) -> [[Int64]] {
        let hours = (0..<Int64(50)).map { (t: Bench.hour - (50 - $0) * Self.hour, number: $0) }
        let days = Dictionary(grouping: hours) { CivilDay.number($0.t, zone) }.values
        let rows = days.map { day -> [Int64] in
            let numbers: [Int64] = day.map(\.number)
            let last: Int64 = numbers.max() ?? 0
            let peak: Int64 = numbers.map { $0 * 7 % 13 }.max() ?? 0
            let messages: Int64 = numbers.reduce(0) { $0 + $1 + 1 }
            let count = Int64(numbers.count)
            return [
                CivilDay.start(day[0].t, zone), messages, count * 2, last, peak, count * 60, 4_950 + last,
            ]
        }
        return rows.sorted { $0[0] < $1[0] }
    }

    private func folded(_ days: [Point]) -> [[Int64]] {
        days.map {
            [
                $0.t, $0[.messages], $0[.http2xx], $0[.activeRooms], $0[.peakRooms], $0.samples,
                $0.messagesTotal ?? -1,
            ]
        }
    }

    @Test("keeps its totals, its points, its name and its birthday")
    func kept() async throws {
        try await withTemporaryDirectory { directory in
            try makeOld(directory)
            let bench = try Bench(directory)
            for (name, value) in Self.totals { #expect(bench.store.totals[name].map { Int64($0) } == value) }
            #expect(bench.meter.total(.messages(.http)) == 5_000)
            #expect(bench.meter.total(.processStarts) == 4)
            #expect(bench.meter.total(.uncleanShutdowns) == 0)
            #expect(bench.meter.sequenceMark == 77_000)
            #expect(bench.meter.highest(.rooms) == 9)
            #expect(bench.store.firstBoot == "2025-01-02T03:04:05.678Z")
            #expect(hex(bench.store.uuid) == "00112233445566778899aabbccddeeff")
            #expect(try await bench.minutes().map { $0[.messages] } == (1...120).map { Int64($0) })
            #expect(try await bench.hours().map { $0[.messages] } == (1...50).map { Int64($0) })
            #expect(try await bench.hours().allSatisfy { $0.samples == 60 && $0[.directoryEvents] == 0 })
        }
    }

    @Test("gets days folded from its hours")
    func days() async throws {
        try await withTemporaryDirectory { directory in
            try makeOld(directory)
            let bench = try Bench(directory)
            #expect(folded(try await bench.days()) == expectedDays(.gmt))
        }
    }

    @Test("gets days of STATS_TZ too, when it is set from the first start on")
    func localDays() async throws {
        try await withTemporaryDirectory { directory in
            try makeOld(directory)
            let bench = try Bench(directory, zone: "Europe/Berlin")
            let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
            #expect(try await bench.days("Europe/Berlin").sum(.messages) >= 1_275)
            #expect(
                try await bench.days("Europe/Berlin").map(\.t) == expectedDays(zone).map { $0[0] })
        }
    }

    @Test("is what it became at the next start too, and counts on")
    func idempotent() async throws {
        try await withTemporaryDirectory { directory in
            try makeOld(directory)
            var contents: [[Int64]] = []
            for _ in 0..<3 {
                let bench = try Bench(directory)
                contents += folded(try await bench.days())
                #expect(bench.store.totals["signalbox_reports_total"] == 12)
                let version = try await bench.store.database.read {
                    try $0.integer("PRAGMA user_version")
                }
                #expect(version == 2)
            }
            let expected = expectedDays(.gmt)
            #expect(contents == expected + expected + expected)
            let bench = try Bench(directory)
            bench.meter.add(.messages(.http), 8)
            bench.visit("DE", 2)
            await bench.metrics.flush(at: Bench.hour)
            #expect(try await bench.storedTotal(.messages(.http)) == 5_008)
            #expect(try await bench.days().sum(.messages) == 1_283)
            #expect(try await bench.countries(.hours).map(\.total) == [43])
        }
    }

    @Test("that can't be converted is left as it was")
    func oneTransaction() async throws {
        try await withTemporaryDirectory { directory in
            try makeOld(directory)
            let path = directory.appending(path: "signalbox.sqlite").path
            // A name in the way: the days can't be made after the totals were moved.
            try await Database.open(path: path).database.write {
                try $0.run("CREATE VIEW days AS SELECT 1 AS t")
            }
            #expect(throws: SQLiteError.self) { try Bench(directory) }
            let connection = try Connection(path: path)
            #expect(try connection.integer("PRAGMA user_version") == 1)
            #expect(try connection.text("SELECT type FROM sqlite_master WHERE name = 'totals'") == "table")
            #expect(try connection.integer("SELECT count(*) FROM totals") == Int64(Self.totals.count))
        }
    }
}

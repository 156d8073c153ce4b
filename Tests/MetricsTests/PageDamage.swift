import Foundation
import SQLite
@testable import SignalboxMetrics

/// Overwrites pages of a table in the file of an open store, as a bad disk would.
struct PageDamage {
    enum Place { case root, middle, last }

    /// Bytes of a page; https://www.sqlite.org/fileformat2.html#b_tree_pages says where its parts are.
    private static let pageBytes = 2_048

    static func hit(_ bench: Bench, _ table: String, _ place: Place) throws {
        let path = bench.store.database.path
        let other = try Connection(path: path)
        // Somebody else's commit makes both connections of the store forget the pages they know.
        try other.run("UPDATE meta SET value = value")
        try other.run("PRAGMA wal_checkpoint(TRUNCATE)")
        let root = try other.integer("SELECT rootpage FROM sqlite_master WHERE name = '\(table)'") ?? 0
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        var page = Int(root)
        while place != .root {
            try file.seek(toOffset: UInt64((page - 1) * pageBytes))
            let bytes = [UInt8](try file.read(upToCount: pageBytes) ?? Data())
            let children = children(bytes)
            guard !children.isEmpty else { break }
            page = children[place == .last ? children.count - 1 : children.count / 2]
        }
        try file.seek(toOffset: UInt64((page - 1) * pageBytes))
        try file.write(contentsOf: Data(repeating: 0xff, count: pageBytes))
        try file.close()
    }

    /// The pages below an interior page of a table with row numbers, in order; none for a leaf.
    private static func children(_ page: [UInt8]) -> [Int] {
        func number(_ at: Int, _ count: Int) -> Int {
            page[at..<at + count].reduce(0) { $0 << 8 | Int($1) }
        }
        guard page.count == pageBytes, page[0] == 5 else { return [] }
        let cells = (0..<number(3, 2)).map { number(12 + 2 * $0, 2) }
        return cells.map { number($0, 4) } + [number(8, 4)]
    }
}

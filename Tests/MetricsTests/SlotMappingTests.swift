import Foundation
import Testing
import TestSupport
@testable import SignalboxMetrics

@Suite("The counters' file")
struct SlotMappingTests {
    private static let ours = [UInt8](repeating: 7, count: 16)
    private static let theirs = [UInt8](repeating: 9, count: 16)

    private func status(_ path: String) -> stat {
        var status = stat()
        lstat(path, &status)
        return status
    }

    /// A file as a version with other slots would have left it.
    private func file(uuid: [UInt8], _ values: [(name: String, value: UInt64)]) -> Data {
        let names = Array(values.map(\.name).joined(separator: "\n").utf8)
        var bytes = Array("SGBXSLT1".utf8) + uuid
        withUnsafeBytes(of: UInt64(names.count).littleEndian) { bytes += Array($0) }
        bytes += names
        bytes += [UInt8](repeating: 0, count: SlotMapping.headerBytes - bytes.count)
        for (_, value) in values { withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) } }
        return Data(bytes)
    }

    private func write(_ data: Data, to path: String, mode: Int = 0o600) throws {
        try data.write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test("what was counted is there when it is opened again")
    func survives() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let slot = Counter.roomsCreated.slot
            try SlotMapping.open(path: path, uuid: Self.ours).slots.add(5, to: slot)
            let again = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(again.slots.load(slot) == 5)
            #expect(again.setAside == nil)
            again.slots.add(1, to: slot)
            #expect(try SlotMapping.open(path: path, uuid: Self.ours).slots.load(slot) == 6)
        }
    }

    @Test("a count is in the file at once, so that a killed process loses none")
    func writtenThrough() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let running = try SlotMapping.open(path: path, uuid: Self.ours)
            running.slots.add(3, to: Counter.reports.slot)
            let afterTheKill = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(afterTheKill.slots.load(Counter.reports.slot) == 3)
            withExtendedLifetime(running) {}
        }
    }

    @Test("another store's file is set aside whole, never overwritten")
    func foreign() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            try SlotMapping.open(path: path, uuid: Self.theirs).slots.add(8, to: 0)
            let before = try Data(contentsOf: URL(filePath: path))
            let opened = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(opened.slots.values().allSatisfy { $0 == 0 })
            let moved = try #require(opened.setAside)
            #expect(try Data(contentsOf: URL(filePath: moved)) == before)
        }
    }

    @Test("files set aside within one second all stay")
    func foreignTwice() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            for round in 0..<4 {
                let uuid = [UInt8](repeating: UInt8(round), count: 16)
                try SlotMapping.open(path: path, uuid: uuid).slots.add(UInt64(round + 1), to: 0)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
            #expect(names.filter { $0.contains("set-aside") }.count == 3)
        }
    }

    @Test("a file that is none of ours or cut short is set aside", arguments: [0, 10, 131_072, 131_080])
    func damaged(length: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            _ = try SlotMapping.open(path: path, uuid: Self.ours)
            try write(try Data(contentsOf: URL(filePath: path)).prefix(length), to: path)
            let opened = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(opened.setAside != nil)
            #expect(try Data(contentsOf: URL(filePath: path)).count == SlotMapping.fileBytes)
        }
    }

    @Test("a symlink is refused and what it points to stays as it is")
    func symlink() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let target = directory.appending(path: "victim").path
            try write(Data("precious".utf8), to: target)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            #expect(throws: MappingError.self) { try SlotMapping.open(path: path, uuid: Self.ours) }
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
        }
    }

    @Test("a symlink to nothing is refused and nothing is made there")
    func danglingSymlink() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let target = directory.appending(path: "not-there").path
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
            #expect(throws: MappingError.self) { try SlotMapping.open(path: path, uuid: Self.ours) }
            #expect(!FileManager.default.fileExists(atPath: target))
        }
    }

    @Test("a symlink laid where the new file is written isn't followed")
    func symlinkAtTheTemporaryName() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let target = directory.appending(path: "victim").path
            try write(Data("precious".utf8), to: target)
            try FileManager.default.createSymbolicLink(atPath: path + ".new", withDestinationPath: target)
            _ = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
            #expect(status(path).st_mode & S_IFMT == S_IFREG)
        }
    }

    @Test("a file that others may read or write is refused", arguments: [0o644, 0o660, 0o606])
    func openToOthers(mode: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            _ = try SlotMapping.open(path: path, uuid: Self.ours)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: MappingError.self) { try SlotMapping.open(path: path, uuid: Self.ours) }
        }
    }

    @Test("an older version's slots are found by their names, whatever their order")
    func foldedByName() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let reports = SlotTable.names[Counter.reports.slot]
            let rooms = SlotTable.names[Counter.roomsCreated.slot]
            try write(file(uuid: Self.ours, [("a_slot_long_gone", 99), (reports, 4), (rooms, 6)]), to: path)
            let opened = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(opened.setAside == nil)
            #expect(opened.slots.load(Counter.reports.slot) == 4)
            #expect(opened.slots.load(Counter.roomsCreated.slot) == 6)
            #expect(opened.slots.values().reduce(0, +) == 10)
        }
    }

    @Test("what threads counted for themselves is part of each value, in this run and the next ones")
    func ownTables() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let slot = Counter.reports.slot
            for run: UInt64 in 1...3 {
                let slots = try SlotMapping.open(path: path, uuid: Self.ours).slots
                slots.add(1, to: slot)
                // One more than can have a table of their own.
                for _ in 0...Slots.threads {
                    await onThread {
                        slots.adoptThread()
                        slots.add(10, to: slot)
                    }
                }
                #expect(slots.load(slot) == run * (1 + 10 * UInt64(Slots.threads + 1)))
            }
        }
    }

    @Test("what threads counted for themselves is found by a version with other slots")
    func ownTablesFolded() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            let slots = try SlotMapping.open(path: path, uuid: Self.ours).slots
            await onThread {
                slots.adoptThread()
                slots.add(5, to: Counter.reports.slot)
            }
            slots.add(2, to: Counter.reports.slot)
            // As that version would have named another slot.
            var bytes = try Data(contentsOf: URL(filePath: path))
            let name = try #require(bytes.range(of: Data("peak_concurrent_rooms".utf8)))
            bytes.replaceSubrange(name, with: Data("peak_concurrent_roads".utf8))
            try write(bytes, to: path)
            let opened = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(opened.values?["peak_concurrent_roads"] == 0)
            #expect(opened.slots.load(Counter.reports.slot) == 7)
            #expect(opened.slots.values().reduce(0, +) == 7)
        }
    }

    private func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                body()
                continuation.resume()
            }
        }
    }

    @Test("a length of names that can't be is no reason to crash")
    func absurdLength() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            var data = file(uuid: Self.ours, [])
            data.replaceSubrange(24..<32, with: [UInt8](repeating: 0xff, count: 8))
            try write(data, to: path)
            #expect(try SlotMapping.open(path: path, uuid: Self.ours).setAside != nil)
        }
    }

    @Test("the file is allocated whole, so that a full disk can't kill the process")
    func allocated() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            _ = try SlotMapping.open(path: path, uuid: Self.ours)
            let status = status(path)
            #expect(Int(status.st_size) == SlotMapping.fileBytes)
            #expect(Int(status.st_blocks) * 512 >= SlotMapping.fileBytes)
        }
    }

    @Test("a new file is nobody's but the owner's")
    func privateFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "counters").path
            _ = try SlotMapping.open(path: path, uuid: Self.ours)
            #expect(status(path).st_mode & 0o777 == 0o600)
        }
    }
}

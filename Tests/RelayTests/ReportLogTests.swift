import Foundation
import Testing
@testable import Relay

@Suite("The file of reports")
struct ReportLogTests {
    /// A path in a folder that is gone after `body`.
    private func withLog(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "reports-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appending(path: "reports.jsonl").path)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    @Test("lines follow each other, each with its end")
    func lines() async throws {
        try await withLog { path in
            let log = ReportLog(path: path, maxBytes: 1_000)
            try await log.append(Array(#"{"id":1}"#.utf8))
            try await log.append(Array(#"{"id":2}"#.utf8))
            #expect(text(path) == "{\"id\":1}\n{\"id\":2}\n")
        }
    }

    @Test("a file of just the size stays, one of a byte more is moved and replaces an older one")
    func rotation() async throws {
        try await withLog { path in
            try "oldest\n".write(toFile: path + ".1", atomically: true, encoding: .utf8)
            let log = ReportLog(path: path, maxBytes: 8)
            try await log.append(Array("1234567".utf8))
            try await log.append(Array("b".utf8))
            #expect(text(path) == "1234567\nb\n")
            #expect(text(path + ".1") == "oldest\n")
            try await log.append(Array("c".utf8))
            #expect(text(path) == "c\n")
            #expect(text(path + ".1") == "1234567\nb\n")
            #expect(text(path + ".2") == nil)
        }
    }

    @Test("a line that a crash cut is ended first")
    func cut() async throws {
        try await withLog { path in
            try #"{"id":1,"wh"#.write(toFile: path, atomically: true, encoding: .utf8)
            let log = ReportLog(path: path, maxBytes: 1_000)
            try await log.append(Array("{}".utf8))
            try await log.append(Array("{}".utf8))
            #expect(text(path) == "{\"id\":1,\"wh\n{}\n{}\n")
        }
    }

    @Test("only this user can read it, the rotated one as well")
    func permission() async throws {
        try await withLog { path in
            let log = ReportLog(path: path, maxBytes: 1)
            try await log.append([65])
            try await log.append([66])
            for file in [path, path + ".1"] {
                let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
                #expect(mode == 0o600)
            }
        }
    }

    @Test("a symbolic link is refused and what it points to untouched")
    func link() async throws {
        try await withLog { path in
            try "mine\n".write(toFile: path + ".target", atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: path + ".target")
            await #expect(throws: ReportLogError(.open, path, ELOOP)) {
                try await ReportLog(path: path, maxBytes: 1).append([65])
            }
            #expect(text(path + ".target") == "mine\n")
        }
    }

    @Test("a device, a pipe and a folder are refused, and the error says so")
    func otherKinds() async throws {
        try await withLog { path in
            #expect(mkfifo(path, 0o600) == 0)
            let folder = URL(filePath: path).deletingLastPathComponent().path
            for other in ["/dev/null", path, folder] {
                let error = await #expect(throws: ReportLogError.self) {
                    try await ReportLog(path: other, maxBytes: 100).append([65])
                }
                #expect(error?.description.contains("isn't a plain file") == true, "\(other)")
            }
        }
    }

    @Test("a missing folder is named, with what to do and without a word of the line")
    func missingFolder() async throws {
        try await withLog { path in
            let below = path + "/no/reports.jsonl"
            let error = await #expect(throws: ReportLogError.self) {
                try await ReportLog(path: below, maxBytes: 1).append(Array("canary".utf8))
            }
            let words = error?.description ?? ""
            #expect(words.contains(below))
            #expect(words.contains("BUGS_LOG"))
            #expect(!words.contains("canary"))
        }
    }

    @Test("a file that can't be moved is left as it is, and the error says what is in the way")
    func blockedRotation() async throws {
        try await withLog { path in
            try FileManager.default.createDirectory(
                atPath: path + ".1", withIntermediateDirectories: true)
            let log = ReportLog(path: path, maxBytes: 1)
            try await log.append([65])
            let error = await #expect(throws: ReportLogError.self) { try await log.append([66]) }
            #expect(error?.step == .rotate)
            #expect(text(path) == "A\n")
        }
    }

    @Test("a line break inside a line is refused, as it would make two of it")
    func lineBreak() async throws {
        try await withLog { path in
            await #expect(throws: ReportLogError(.line, path)) {
                try await ReportLog(path: path, maxBytes: 1).append([65, 10, 66])
            }
            #expect(text(path) == nil)
        }
    }

    @Test("two hundred appends at once are all there, each whole and once, also over a rotation")
    func concurrent() async throws {
        try await withLog { path in
            // Half of it fills the first file: one rotation, so nothing is lost.
            let log = ReportLog(path: path, maxBytes: 100 * 1_000)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let line = String(number) + " " + String(repeating: "x", count: 900)
                        try await log.append(Array(line.utf8))
                    }
                }
                try await group.waitForAll()
            }
            let all = (text(path + ".1") ?? "") + (text(path) ?? "")
            let lines = all.split(separator: "\n")
            #expect(lines.count == 200)
            #expect(lines.allSatisfy { $0.hasSuffix(" " + String(repeating: "x", count: 900)) })
            #expect(Set(lines.compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }).count == 200)
        }
    }
}

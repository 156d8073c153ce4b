import Foundation

/// The file of the reports and contact messages that people sent: one JSON object a line, only ever appended to.
///
/// It holds at most about `maxBytes`, and path + ".1" the same before it.
final class ReportLog: Sendable {
    private let path: String
    private let maxBytes: Int
    // One append at a time, as each may move the file away; off the shared threads, as fsync blocks.
    private let queue = DispatchQueue(label: "signalbox.reports")

    /// - Parameter maxBytes: a file above this is renamed to path + ".1" before the next line.
    init(path: String, maxBytes: Int) {
        self.path = path
        self.maxBytes = maxBytes
    }

    /// Appends a line, to which a line break is added, and returns when it is on the disk.
    ///
    /// - Throws: ``ReportLogError``, which says what to do and nothing of the line.
    func append(_ line: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            queue.async { done.resume(with: Result { try self.write(line) }) }
        }
    }

    private func write(_ line: [UInt8]) throws {
        guard !line.contains(UInt8(ascii: "\n")) else { throw ReportLogError(.line, path) }
        var file = try ReportFile(path: path)
        if file.size > maxBytes {
            file.shut()
            guard rename(path, path + ".1") == 0 else { throw ReportLogError(.rotate, path, errno) }
            file = try ReportFile(path: path)
        }
        defer { file.shut() }
        // A crash or a full disk cut the last line: end it, so that this one stands alone.
        let isCut = file.size > 0 && file.lastByte != UInt8(ascii: "\n")
        try file.append((isCut ? [UInt8(ascii: "\n")] : []) + line + [UInt8(ascii: "\n")])
        // A file is only sure to be found after a power cut when its folder is on the disk, too.
        if file.size == 0 { ReportFile.synchronizeFolder(of: path) }
    }
}

import Foundation

/// The open file of a report log. Who opens it closes it.
struct ReportFile {
    /// In bytes, when it was opened.
    let size: Int
    private let descriptor: Int32
    private let path: String

    /// Opens the file, or makes it for this user alone. Refuses what isn't a plain file: a symbolic link, a
    /// device, a folder.
    init(path: String) throws {
        self.path = path
        // Reading is for the last byte. O_NONBLOCK: opening a pipe would wait for its other end.
        let flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        descriptor = open(path, flags, 0o600)
        guard descriptor >= 0 else { throw ReportLogError(.open, path, errno) }
        var state = stat()
        guard fstat(descriptor, &state) == 0, state.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ReportLogError(.kind, path)
        }
        size = Int(state.st_size)
    }

    func shut() {
        close(descriptor)
    }

    /// nil when there is none or it can't be read.
    var lastByte: UInt8? {
        var byte: UInt8 = 0
        return pread(descriptor, &byte, 1, off_t(size - 1)) == 1 ? byte : nil
    }

    /// Writes the bytes in one call, in further ones when the system takes less, and has the disk confirm them.
    func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // What was written of the line stays: the next append sees that its end is missing.
            guard written > 0 else { throw ReportLogError(.write, path, errno) }
            rest = rest.dropFirst(written)
        }
        guard fsync(descriptor) == 0 else { throw ReportLogError(.write, path, errno) }
    }

    static func synchronizeFolder(of path: String) {
        let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return }
        // Some file systems can't; the line itself is safe.
        fsync(folder)
        close(folder)
    }
}

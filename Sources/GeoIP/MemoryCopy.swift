import Glibc

/// A copy of a file in memory that no path leads to.
///
/// libmaxminddb maps the file it opens. Somebody who writes over that file in place would pull the pages
/// from under a lookup: wrong answers, and SIGBUS once the file is shorter. Nobody can write to this copy.
struct MemoryCopy: ~Copyable {
    let descriptor: Int32
    let count: Int
    /// The file as it was copied.
    let source: FileState

    /// - Throws: `CountryDatabaseError`, also when the file changes while it is copied.
    init(of path: String, bytesMax: Int) throws {
        func failure(_ reason: CountryDatabaseError.Reason) -> CountryDatabaseError {
            CountryDatabaseError(path: path, reason: reason)
        }
        // Not blocking: opening a named pipe would wait for a writer.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw failure(errno == ENOENT || errno == ENOTDIR ? .missing : .unreadable(errno))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(.unreadable(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw failure(.directory)
        default: throw failure(.notAFile)
        }
        let before = FileState(status)
        guard before.size > 0 else { throw failure(.empty) }
        guard before.size <= bytesMax else { throw failure(.tooLarge(bytes: before.size)) }

        let memory = Self.memoryFile()
        guard memory >= 0 else { throw failure(.noCopy(errno)) }
        do {
            try Self.copy(file, to: memory, count: before.size, failure)
            guard fstat(file, &status) == 0 else { throw failure(.unreadable(errno)) }
            guard FileState(status) == before else { throw failure(.changing) }
        } catch {
            close(memory)
            throw error
        }
        descriptor = memory
        count = before.size
        source = before
    }

    deinit { close(descriptor) }

    /// The path at which this process can open the copy, as long as it is there.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// The bytes from `offset`, at most `limit` of them.
    func bytes(from offset: Int, limit: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: min(limit, count - offset)) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
        }
    }

    private static func copy(
        _ file: Int32, to memory: Int32, count: Int,
        _ failure: (CountryDatabaseError.Reason) -> CountryDatabaseError
    ) throws {
        var chunk = [UInt8](repeating: 0, count: min(count, 1 << 20))
        var copied = 0
        while copied < count {
            let wanted = min(chunk.count, count - copied)
            let got = chunk.withUnsafeMutableBytes { read(file, $0.baseAddress, wanted) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw failure(.unreadable(errno)) }
            // Shorter than a moment ago.
            guard got > 0 else { throw failure(.changing) }
            var written = 0
            while written < got {
                let done = chunk[written..<got].withUnsafeBytes { write(memory, $0.baseAddress, $0.count) }
                if done < 0, errno == EINTR { continue }
                guard done > 0 else { throw failure(.noCopy(errno)) }
                written += done
            }
            copied += got
        }
    }

    /// A file in anonymous memory; -1 and `errno` when there is none to be had.
    private static func memoryFile() -> Int32 {
        typealias Create = @convention(c) (UnsafePointer<CChar>, UInt32) -> Int32
        // By name: glibc's header shows memfd_create to GNU programs alone, and Swift's module isn't one.
        guard let symbol = dlsym(nil, "memfd_create") else {
            errno = ENOSYS
            return -1
        }
        // The cast is to the signature that memfd_create(2) documents.
        let closeOnExec: UInt32 = 1
        return unsafeBitCast(symbol, to: Create.self)("country database", closeOnExec)
    }
}

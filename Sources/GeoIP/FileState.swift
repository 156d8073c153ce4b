import Glibc

/// What tells one state of a file from another without reading it.
struct FileState: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64
    let size: Int
    /// Unix time, ns.
    let modified: Int64
    /// The same, of the inode: a change of mode alone moves only this one, and a copy that keeps
    /// the time of its original can't hide from it.
    let changed: Int64

    init(_ status: stat) {
        func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int(status.st_size)
        modified = nanoseconds(status.st_mtim)
        changed = nanoseconds(status.st_ctim)
    }
}

/// What a look at a path found.
enum Sighting: Hashable, Sendable {
    case nothing
    case file(FileState)
    /// `errno` of the look.
    case hidden(Int32)

    init(at path: String) {
        var status = stat()
        if stat(path, &status) == 0 {
            self = .file(FileState(status))
        } else {
            self = errno == ENOENT || errno == ENOTDIR ? .nothing : .hidden(errno)
        }
    }
}

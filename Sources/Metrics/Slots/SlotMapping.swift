import Foundation

/// The slots in a small file mapping, by default in /dev/shm: memory that outlives a killed process and
/// costs no disk writes.
///
/// Layout: a header of ``headerBytes`` (magic, version, the store's UUID, how many values a table has from its
/// start to the next one's, the names of the slots), then the tables: the shared one, then the threads'. A
/// slot's value is the sum over all tables. The file is allocated whole before it is mapped, so that a full disk can't kill the process with
/// SIGBUS.
enum SlotMapping {
    static let headerBytes = 131_072
    private static let magic = Array("SGBXSLT2".utf8)
    private static let firstMagic = Array("SGBXSLT1".utf8)
    private static let fixedBytes = 8 + 16 + 8 + 8

    /// What was found in the file.
    struct Opened {
        let slots: Slots
        /// The values of the last run by slot name, when the file belongs to this store.
        let values: [String: UInt64]?
        /// A file that was there but isn't this store's now has this name.
        let setAside: String?
    }

    /// Maps `path` for the store `uuid` (16 bytes), making it when it isn't there.
    static func open(path: String, uuid: [UInt8]) throws -> Opened {
        precondition(uuid.count == 16)
        let names = Array(SlotTable.names.joined(separator: "\n").utf8)
        precondition(names.count + fixedBytes <= headerBytes, "the header has no room for the slot names")
        let header = magic + uuid + bytes(Slots.stride) + bytes(names.count) + names

        var values: [String: UInt64]?
        var setAside: String?
        if FileManager.default.fileExists(atPath: path) || isSymbolicLink(path) {
            let old = try readOwned(path)
            values = parse(old, uuid: uuid)
            if values == nil { setAside = try moveAside(path) }
            if values != nil, old.starts(with: header), old.count == fileBytes {
                return Opened(slots: try map(path, used: Slots.threads), values: values, setAside: nil)
            }
        }
        // New, or from a version with other slots: write a fresh file whole and rename it into place, with
        // the old values already in it.
        var fresh = header + [UInt8](repeating: 0, count: headerBytes - header.count)
        for name in SlotTable.names { fresh += bytes(Int(values?[name] ?? 0)) }
        fresh += [UInt8](repeating: 0, count: fileBytes - fresh.count)
        let temporary = "\(path).new"
        try writeExclusively(fresh, to: temporary)
        guard rename(temporary, path) == 0 else { throw failure("rename \(temporary)") }
        return Opened(slots: try map(path, used: 0), values: values, setAside: setAside)
    }

    static var fileBytes: Int { headerBytes + Slots.bytes }

    private static func bytes(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(number).littleEndian, Array.init)
    }

    /// The values of a file by slot name; nil when it isn't this store's or is damaged.
    private static func parse(_ bytes: [UInt8], uuid: [UInt8]) -> [String: UInt64]? {
        // The first version had one table and nothing in the header to say how long it is.
        let isFirst = bytes.starts(with: firstMagic)
        guard bytes.count >= headerBytes, isFirst || bytes.starts(with: magic), Array(bytes[8..<24]) == uuid
        else { return nil }
        func number(at offset: Int) -> UInt64 {
            bytes.withUnsafeBytes {
                UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
        }
        let namesStart = isFirst ? fixedBytes - 8 : fixedBytes
        let length = number(at: namesStart - 8)
        guard length <= UInt64(headerBytes - namesStart) else { return nil }
        let names = String(decoding: bytes[namesStart..<namesStart + Int(length)], as: UTF8.self)
            .split(separator: "\n").map(String.init)
        let stride = isFirst ? UInt64(names.count) : number(at: 24)
        guard (UInt64(max(1, names.count))...UInt64(headerBytes)).contains(stride) else { return nil }
        let table = Int(stride) * 8
        let tables = (bytes.count - headerBytes) / table
        guard isFirst ? tables == 1 : tables >= 1 else { return nil }
        var values: [String: UInt64] = [:]
        for start in (0..<tables).map({ headerBytes + $0 * table }) {
            for (index, name) in names.enumerated() {
                values[name, default: 0] &+= number(at: start + index * 8)
            }
        }
        guard values.values.allSatisfy({ $0 <= SlotTable.valueMax }) else { return nil }
        return values
    }

    /// Reads a file that must be a plain file of this user: /dev/shm is shared with everybody.
    private static func readOwned(_ path: String) throws -> [UInt8] {
        let file = Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw failure("open \(path)") }
        defer { close(file) }
        try checkOwner(file, path)
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= 16 << 20 else {
            throw MappingError("\(path) is too large to be the counters' file; set COUNTERS_PATH elsewhere")
        }
        return Array(try FileHandle(fileDescriptor: file, closeOnDealloc: false).readToEnd() ?? Data())
    }

    private static func writeExclusively(_ bytes: [UInt8], to path: String) throws {
        unlink(path)
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("create \(path)") }
        defer { close(file) }
        let code = posix_fallocate(file, 0, off_t(bytes.count))
        guard code == 0 else {
            unlink(path)
            throw MappingError("allocate \(path): \(String(cString: strerror(code)))")
        }
        try FileHandle(fileDescriptor: file, closeOnDealloc: false).write(contentsOf: bytes)
    }

    private static func map(_ path: String, used: Int) throws -> Slots {
        let file = Glibc.open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { throw failure("open \(path)") }
        defer { close(file) }
        try checkOwner(file, path)
        let length = fileBytes
        guard let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            memory != MAP_FAILED
        else { throw failure("map \(path)") }
        let address = UInt(bitPattern: memory)
        return Slots(memory: memory + headerBytes, used: used) {
            munmap(UnsafeMutableRawPointer(bitPattern: address), length)
        }
    }

    private static func checkOwner(_ file: Int32, _ path: String) throws {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure("stat \(path)") }
        guard status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 == 0
        else { throw MappingError("\(path) is not a private file of this user; set COUNTERS_PATH elsewhere") }
    }

    private static func isSymbolicLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func moveAside(_ path: String) throws -> String {
        // A few are kept, the last place is taken again and again: shared memory is small.
        let places = (1...8).map { "\(path).set-aside-\($0)" }
        let target = places.first { !FileManager.default.fileExists(atPath: $0) } ?? places[7]
        guard rename(path, target) == 0 else { throw failure("rename \(path)") }
        return target
    }

    private static func failure(_ what: String) -> MappingError {
        MappingError("\(what): \(String(cString: strerror(errno)))")
    }
}

/// The counters' file can't be used; says why and what to set.
struct MappingError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

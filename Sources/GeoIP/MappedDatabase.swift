import CMaxMindDB
import Glibc

/// An open database: the one place that speaks to libmaxminddb.
final class MappedDatabase: Sendable {
    // Safe to share: MMDB_open fills the struct before anybody else sees it, looking up only reads it and
    // the mapping (the library takes it as const, keeps nothing between calls and documents itself as
    // thread-safe), and MMDB_close runs in deinit, when nobody holds it any more.
    nonisolated(unsafe) private let handle: UnsafeMutablePointer<MMDB_s>

    /// - Throws: `ValueCheck.Damage`, or `CountryDatabaseError.Reason` as an error of the path.
    init(_ copy: borrowing MemoryCopy, path: String) throws {
        func failure(_ reason: CountryDatabaseError.Reason) -> CountryDatabaseError {
            CountryDatabaseError(path: path, reason: reason)
        }
        try Self.checkMetadata(copy, failure)
        let memory = UnsafeMutablePointer<MMDB_s>.allocate(capacity: 1)
        memory.initialize(to: MMDB_s())
        let status = MMDB_open(copy.path, UInt32(MMDB_MODE_MMAP), memory)
        guard status == MMDB_SUCCESS else {
            let code = errno
            let version = Int(memory.pointee.metadata.binary_format_major_version)
            memory.deallocate()
            switch status {
            case MMDB_FILE_OPEN_ERROR, MMDB_IO_ERROR: throw failure(.noCopy(code))
            case MMDB_OUT_OF_MEMORY_ERROR: throw failure(.noCopy(ENOMEM))
            case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR where version > 2:
                throw failure(.unknownFormat(version: version))
            default: throw failure(.damaged("its metadata makes no sense"))
            }
        }
        handle = memory
        do { try checkSections() } catch { throw failure(.damaged(error.what)) }
    }

    deinit {
        MMDB_close(handle)
        handle.deallocate()
    }

    /// What libmaxminddb is about to decode when it opens the file.
    private static func checkMetadata(
        _ copy: borrowing MemoryCopy, _ failure: (CountryDatabaseError.Reason) -> CountryDatabaseError
    ) throws {
        let head = copy.bytes(from: 0, limit: 6)
        let packed: [[UInt8]] = [
            [0x1f, 0x8b], Array("PK\u{3}\u{4}".utf8), Array("BZh".utf8), [0xfd, 0x37, 0x7a, 0x58, 0x5a],
            [0x28, 0xb5, 0x2f, 0xfd],
        ]
        // The last 128 KiB are where the format has it.
        let tail = copy.bytes(from: max(0, copy.count - 131_072), limit: 131_072)
        let marker: [UInt8] = [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8)
        let start = stride(from: tail.count - marker.count, through: 0, by: -1).first {
            tail[$0] == marker[0] && tail[$0...].starts(with: marker)
        }
        guard let start else {
            throw failure(packed.contains { head.starts(with: $0) } ? .compressed : .notADatabase)
        }
        do {
            try tail.withUnsafeBytes { bytes in
                var check = ValueCheck(
                    metadata: UnsafeRawBufferPointer(rebasing: bytes[(start + marker.count)...]))
                try check.check(at: 0)
            }
        } catch let error as ValueCheck.Damage {
            throw failure(.damaged("in its metadata: \(error.what)"))
        }
    }

    /// libmaxminddb counts in 32 bits here, and a large number of nodes wraps around.
    private func checkSections() throws(ValueCheck.Damage) {
        let tree = nodes * Int(handle.pointee.full_record_byte_size)
        let separator = 16
        guard tree + separator < bytes.count,
            bytes[tree..<tree + separator].allSatisfy({ $0 == 0 })
        else { throw ValueCheck.Damage("its search tree doesn't end where its metadata says") }
        // Year 9999: what a date can still be written for.
        guard handle.pointee.metadata.build_epoch <= 253_402_300_799 else {
            throw ValueCheck.Damage("its build time is no date")
        }
    }

    private var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: handle.pointee.file_content, count: Int(handle.pointee.file_size))
    }
}

// What it says of itself.
extension MappedDatabase {
    var nodes: Int { Int(handle.pointee.metadata.node_count) }
    var ipVersion: Int { Int(handle.pointee.metadata.ip_version) }
    /// How many bits of an address the tree may ask for.
    var depth: Int { Int(handle.pointee.depth) }
    var builtAt: Int64 { Int64(handle.pointee.metadata.build_epoch) }
    var size: Int { bytes.count }

    /// Its type, e.g. `GeoLite2-Country`. It goes to logs and pages, so anything but plain text is left out.
    var type: String {
        let text = handle.pointee.metadata.database_type.map { String(cString: $0) } ?? ""
        let plain = text.unicodeScalars.filter { (0x20..<0x7f).contains($0.value) }
        return String(String.UnicodeScalarView(plain.prefix(64)))
    }

    var dataSection: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: handle.pointee.data_section, count: Int(handle.pointee.data_section_size))
    }
}

// The search tree and the records.
extension MappedDatabase {
    /// What one side of a node leads to.
    enum Branch {
        case node(Int)
        case nothing
        /// A place in the data section, which it may still lie outside of.
        case record(UInt32)
    }

    func branches(ofNode number: Int) throws(ValueCheck.Damage) -> (left: Branch, right: Branch) {
        var node = MMDB_search_node_s()
        guard MMDB_read_node(handle, UInt32(number), &node) == MMDB_SUCCESS else {
            throw ValueCheck.Damage("its search tree can't be read")
        }
        return (
            try branch(node.left_record_type, node.left_record, node.left_record_entry.offset),
            try branch(node.right_record_type, node.right_record, node.right_record_entry.offset)
        )
    }

    private func branch(
        _ type: UInt8, _ record: UInt64, _ offset: UInt32
    ) throws(ValueCheck.Damage) -> Branch {
        switch Int(type) {
        case Int(MMDB_RECORD_TYPE_SEARCH_NODE): .node(Int(record))
        case Int(MMDB_RECORD_TYPE_EMPTY): .nothing
        case Int(MMDB_RECORD_TYPE_DATA): .record(offset)
        default: throw ValueCheck.Damage("its search tree leads out of the file")
        }
    }

    /// The place of the record of an address, whose IPv4 form is ::ffff:a.b.c.d; nil when there is none.
    func record(ofAddress high: UInt64, _ low: UInt64) -> UInt32? {
        if high == 0, low >> 32 == 0xffff {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            return record(ofSocketAddress: address)
        }
        guard ipVersion == 6 else { return nil }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        withUnsafeMutableBytes(of: &address.sin6_addr) {
            $0.storeBytes(of: high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return record(ofSocketAddress: address)
    }

    private func record<Address>(ofSocketAddress address: Address) -> UInt32? {
        var status = MMDB_SUCCESS
        let found = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                MMDB_lookup_sockaddr(handle, $0, &status)
            }
        }
        return status == MMDB_SUCCESS && found.found_entry ? found.entry.offset : nil
    }

    /// The country a record names: where the address is, or else where its network is registered; some
    /// databases have nothing but a code.
    func country(ofRecord offset: UInt32) throws(ValueCheck.Damage) -> CountryCode? {
        if let code = try code(offset, "country", "iso_code") { return code }
        if let code = try code(offset, "registered_country", "iso_code") { return code }
        if let code = try code(offset, "country_code") { return code }
        return try code(offset, "country")
    }

    private func code(
        _ offset: UInt32, _ key: StaticString, _ innerKey: StaticString? = nil
    ) throws(ValueCheck.Damage) -> CountryCode? {
        var entry = MMDB_entry_s(mmdb: handle, offset: offset)
        var value = MMDB_entry_data_s()
        // The path ends with a null pointer.
        let status = withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: 3) { path in
            func text(_ key: StaticString) -> UnsafePointer<CChar> {
                UnsafeRawPointer(key.utf8Start).assumingMemoryBound(to: CChar.self)
            }
            path.initialize(repeating: nil)
            path[0] = text(key)
            path[1] = innerKey.map(text)
            return MMDB_aget_value(&entry, &value, path.baseAddress)
        }
        switch status {
        case MMDB_SUCCESS: break
        case MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR, MMDB_INVALID_LOOKUP_PATH_ERROR: return nil
        default: throw ValueCheck.Damage("a record can't be read")
        }
        guard value.has_data, value.type == MMDB_DATA_TYPE_UTF8_STRING, value.data_size == 2,
            let letters = value.utf8_string,
            let code = CountryCode(letters: UInt8(bitPattern: letters[0]), UInt8(bitPattern: letters[1]))
        else { return nil }
        // "XX" is another way to say that it doesn't know.
        return code.isCountry ? code : nil
    }
}

import Foundation
import NIOCore

/// Takes a server-sent event stream apart: bytes in, the data of whole events out.
///
/// Comments and the fields other than `data` are skipped; the relay's events have no others of meaning.
struct EventStreamParser {
    /// Far above the largest envelope.
    private static let lineCeiling = 1 << 20

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false

    mutating func append(_ bytes: ByteBuffer) throws -> [Data] {
        var events: [Data] = []
        for byte in bytes.readableBytesView {
            if byte == UInt8(ascii: "\n") {
                if line.last == UInt8(ascii: "\r") { line.removeLast() }
                if let event = endLine() { events.append(event) }
                line.removeAll(keepingCapacity: true)
            } else {
                line.append(byte)
                guard line.count + data.count < Self.lineCeiling else {
                    throw RelayError.lost("an endless event")
                }
            }
        }
        return events
    }

    private mutating func endLine() -> Data? {
        guard !line.isEmpty else {
            defer {
                data.removeAll(keepingCapacity: true)
                hasData = false
            }
            return hasData ? Data(data) : nil
        }
        let field = Array("data:".utf8)
        guard line.starts(with: field) else { return nil }
        if hasData { data.append(UInt8(ascii: "\n")) }
        let value = line.dropFirst(field.count)
        data.append(contentsOf: value.first == UInt8(ascii: " ") ? value.dropFirst() : value)
        hasData = true
        return nil
    }
}

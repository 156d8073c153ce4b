import Foundation

/// A database put together by hand, so that it can be wrong in any way.
struct Forged {
    /// A value of the format, or bytes in the place of one.
    indirect enum Value {
        case text(String)
        case number(UInt64, type: UInt8, bytes: Int)
        case map([(String, Value)])
        case array([Value])
        case raw([UInt8])

        var bytes: [UInt8] {
            switch self {
            case .text(let text): Self.head(2, text.utf8.count) + Array(text.utf8)
            case .number(let number, let type, let bytes):
                Self.head(type, bytes)
                    + (0..<bytes).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            case .map(let pairs):
                Self.head(7, pairs.count) + pairs.flatMap { Value.text($0.0).bytes + $0.1.bytes }
            case .array(let values): Self.head(11, values.count) + values.flatMap(\.bytes)
            case .raw(let bytes): bytes
            }
        }

        static func head(_ type: UInt8, _ size: Int) -> [UInt8] {
            var (small, more): (UInt8, [UInt8]) = (UInt8(min(size, 28)), [])
            if size > 28 {
                small = 29
                more = [UInt8(size - 29)]
            }
            return type < 8 ? [type << 5 | small] + more : [small, type - 7] + more
        }

        /// Two-byte pointer.
        static func pointer(_ target: Int) -> Value {
            .raw([0x20 | UInt8(target >> 8 & 7), UInt8(target & 0xff)])
        }
    }

    /// What the sides of each node hold; see ``record(_:)``.
    var nodes: [(UInt32, UInt32)]
    var records: [UInt8]
    var ipVersion: UInt64 = 4
    var formatVersion: UInt64 = 2
    /// Nodes that the metadata speaks of.
    var nodeCount: UInt64
    var built: UInt64 = 1_780_000_000
    var description = Value.map([("en", .text("forged"))])
    var languages = Value.array([.text("en")])

    init(nodes: [(UInt32, UInt32)], records: [UInt8] = Forged.german) {
        self.nodes = nodes
        self.records = records
        nodeCount = UInt64(nodes.count)
    }

    static let german = Value.map([("country", .map([("iso_code", .text("DE"))]))]).bytes

    /// All of IPv4 is in Germany.
    static var sound: Forged { Forged(nodes: [(record(0, of: 1), record(0, of: 1))]) }

    /// Germany with this in front of it, where a lookup has to skip it.
    static func skipping(_ value: Value) -> Forged {
        var forged = sound
        forged.records = Value.map([("a", value), ("country", .map([("iso_code", .text("DE"))]))]).bytes
        return forged
    }

    /// What a node holds that leads to a record at `offset`, in a tree of `nodes` nodes.
    static func record(_ offset: UInt32, of nodes: Int) -> UInt32 { UInt32(nodes) + 16 + offset }

    var data: Data { Data(tree + [UInt8](repeating: 0, count: 16) + records + marker + metadata) }

    var marker: [UInt8] { [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8) }

    var tree: [UInt8] {
        nodes.flatMap { [$0.0, $0.1] }.flatMap { withUnsafeBytes(of: $0.bigEndian, Array.init) }
    }

    var metadata: [UInt8] {
        func small(_ number: UInt64) -> Value { .number(number, type: 5, bytes: 2) }
        return Value.map([
            ("node_count", .number(nodeCount, type: 6, bytes: 4)), ("record_size", small(32)),
            ("ip_version", small(ipVersion)), ("database_type", .text("Forged")), ("languages", languages),
            ("binary_format_major_version", small(formatVersion)), ("binary_format_minor_version", small(0)),
            ("build_epoch", .number(built, type: 9, bytes: 8)), ("description", description),
        ]).bytes
    }
}

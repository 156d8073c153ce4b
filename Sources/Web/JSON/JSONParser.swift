public import NIOCore

/// What was wrong with a JSON text.
public struct JSONError: Error, Sendable, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// Reads JSON (RFC 8259) from bytes. The same answers as JavaScript's JSON.parse on the decoded text: a
/// repeated member's last value counts, broken UTF-8 and lone surrogates become U+FFFD.
///
/// Our own because a message is read on the event loop: Foundation takes ten times as long.
public struct JSONParser {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    private static let depthMax = 64

    /// Reads the whole buffer as one value.
    /// - Throws: ``JSONError`` with a sentence that names the byte.
    public static func parse(_ buffer: ByteBuffer) throws -> JSONValue {
        try buffer.withUnsafeReadableBytes { try parse($0) }
    }

    /// Reads the buffer as an array and hands out one element after the other, so that a long one needn't
    /// lie in memory whole.
    /// - Parameter body: gets an element and the position behind it, in bytes.
    /// - Throws: ``JSONError`` when it is no array or broken, then what came before was handed out already.
    public static func elements(
        of buffer: ByteBuffer, _ body: (JSONValue, Int) throws -> Void
    ) throws {
        try buffer.withUnsafeReadableBytes { raw in
            var parser = JSONParser(bytes: raw.bindMemory(to: UInt8.self))
            parser.skipSpace()
            guard parser.current == UInt8(ascii: "[") else { throw JSONError(description: "it is no array") }
            try parser.elements { try body($0, $1) }
            parser.skipSpace()
            guard parser.position == parser.bytes.count else { throw parser.unexpected() }
        }
    }

    static func parse(_ raw: UnsafeRawBufferPointer) throws -> JSONValue {
        var parser = JSONParser(bytes: raw.bindMemory(to: UInt8.self))
        parser.skipSpace()
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.unexpected() }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func unexpected() -> JSONError {
        position < bytes.count
            ? JSONError(description: "unexpected byte at position \(position)")
            : JSONError(description: "the text ends too early")
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            position += 1
        }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        guard depth <= Self.depthMax else {
            throw JSONError(description: "nested more than \(Self.depthMax) levels deep")
        }
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        for offset in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[offset] else { throw unexpected() }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws -> JSONValue {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            guard current == UInt8(ascii: "\"") else { throw unexpected() }
            let name = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw unexpected() }
            position += 1
            skipSpace()
            members[name] = try value(depth: depth + 1)
            skipSpace()
            if current == UInt8(ascii: "}") {
                position += 1
                return .object(members)
            }
            guard current == UInt8(ascii: ",") else { throw unexpected() }
            position += 1
            skipSpace()
        }
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        var elements: [JSONValue] = []
        try self.elements(depth: depth) { value, _ in elements.append(value) }
        return .array(elements)
    }

    private mutating func elements(depth: Int = 0, _ body: (JSONValue, Int) throws -> Void) throws {
        position += 1
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return
        }
        while true {
            let element = try value(depth: depth + 1)
            try body(element, position)
            skipSpace()
            if current == UInt8(ascii: "]") {
                position += 1
                return
            }
            guard current == UInt8(ascii: ",") else { throw unexpected() }
            position += 1
            skipSpace()
        }
    }

    private mutating func digits() throws {
        guard let byte = current, (0x30...0x39).contains(byte) else { throw unexpected() }
        while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    }

    private mutating func number() throws -> Double {
        let start = position
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if current == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let value = Double(text) else { throw unexpected() }
        return value
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
            position += 1
        }
        if current == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20:
                position -= 1
                throw unexpected()
            default: text.append(byte)
            }
        }
        throw unexpected()
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        guard let byte = current else { throw unexpected() }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var unit = try hexUnit()
            var scalar = Unicode.Scalar(unit)
            if (0xd800..<0xdc00).contains(unit), position + 1 < bytes.count,
                bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            {
                let back = position
                position += 2
                let low = try hexUnit()
                if (0xdc00..<0xe000).contains(low) {
                    unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
                    scalar = Unicode.Scalar(unit)
                } else {
                    position = back
                }
            }
            text.append(contentsOf: String(Character(scalar ?? "\u{fffd}")).utf8)
        default:
            position -= 1
            throw unexpected()
        }
    }

    private mutating func hexUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80
            else { throw unexpected() }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}

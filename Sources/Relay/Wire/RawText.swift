import NIOCore

/// Writes text into memory that its owner knows to be large enough: for what is written once for each message, where
/// a buffer that looks after itself takes longer than the text.
struct RawText {
    private let start: UnsafeMutablePointer<UInt8>
    private(set) var count = 0

    init(_ memory: UnsafeMutablePointer<UInt8>) { start = memory }

    mutating func put(_ text: StaticString) {
        (start + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(start + count).copyMemory(from: base, byteCount: bytes.count)
        count += bytes.count
    }

    mutating func put(_ buffer: ByteBuffer) { buffer.withUnsafeReadableBytes { put($0) } }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    mutating func put(_ id: RandomID) {
        id.write(to: start + count)
        count += RandomID.textBytes
    }

    /// At most 20 digits.
    mutating func put(_ number: UInt64) {
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        for index in stride(from: digits - 1, through: 0, by: -1) {
            start[count + index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }
}

extension ByteBuffer {
    /// Writes text of at most `capacity` bytes.
    mutating func writeText(capacity: Int, _ body: (inout RawText) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { memory in
            guard let start = memory.baseAddress else { return 0 }
            return start.withMemoryRebound(to: UInt8.self, capacity: capacity) {
                var text = RawText($0)
                body(&text)
                precondition(text.count <= capacity)
                return text.count
            }
        }
    }
}

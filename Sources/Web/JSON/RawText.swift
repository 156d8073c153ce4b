public import NIOCore

/// Writes text into memory that its owner knows to be large enough: for what is written once for each message or
/// answer, where a buffer that looks after itself takes longer than the text. No `put` checks whether there is room.
public struct RawText {
    private let start: UnsafeMutablePointer<UInt8>
    /// Bytes written so far.
    public private(set) var count = 0

    /// A text at the start of `memory`, which must have room for all of it.
    public init(_ memory: UnsafeMutablePointer<UInt8>) { start = memory }

    /// Text that was there when the program was built.
    public mutating func put(_ text: StaticString) {
        (start + count).update(from: text.utf8Start, count: text.utf8CodeUnitCount)
        count += text.utf8CodeUnitCount
    }

    /// Bytes as they are.
    public mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(start + count).copyMemory(from: base, byteCount: bytes.count)
        count += bytes.count
    }

    /// A buffer's readable bytes.
    public mutating func put(_ buffer: ByteBuffer) { buffer.withUnsafeReadableBytes { put($0) } }

    /// Text in UTF-8.
    public mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    /// Something that writes itself, of so many bytes.
    public mutating func put(bytes: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Void) {
        write(start + count)
        count += bytes
    }

    /// At most 20 digits.
    public mutating func put(_ number: UInt64) {
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = number
        var index = count + digits
        count = index
        while digits > 0 {
            index -= 1
            digits -= 1
            start[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }
}

extension ByteBuffer {
    /// Writes text of at most `capacity` bytes.
    public mutating func writeText(capacity: Int, _ body: (inout RawText) -> Void) {
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

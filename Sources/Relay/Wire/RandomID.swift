import CSodium
import NIOConcurrencyHelpers
import Web

/// A random UUID (RFC 9562 §5.4): the id of a message or claim.
struct RandomID: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    static let textBytes = 36

    /// A new one.
    static func make() -> RandomID {
        let (high, low) = pool.withLockedValue { $0.next() }
        return RandomID(
            high: high & 0xffff_ffff_ffff_0fff | 0x4000,
            low: low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }

    var text: String {
        String(unsafeUninitializedCapacity: Self.textBytes) { text in
            write(to: text.baseAddress.unsafelyUnwrapped)
            return Self.textBytes
        }
    }

    /// Asking the kernel takes longer than all else about a message, whether for 16 bytes or for a thousand.
    private struct Pool {
        private var words = [UInt64](repeating: 0, count: 128)
        private var left = 0

        mutating func next() -> (UInt64, UInt64) {
            if left == 0 {
                words.withUnsafeMutableBytes { randombytes_buf($0.baseAddress.unsafelyUnwrapped, $0.count) }
                left = words.count
            }
            left -= 2
            defer { (words[left], words[left + 1]) = (0, 0) }
            return (words[left], words[left + 1])
        }
    }
    private static let pool = NIOLockedValueBox(Pool())

    /// Writes the 36 characters.
    func write(to text: UnsafeMutablePointer<UInt8>) {
        let digits: StaticString = "0123456789abcdef"
        func put(_ bits: UInt64, count: Int, at start: Int) {
            var rest = bits
            for index in (start..<(start + count)).reversed() {
                text[index] = digits.utf8Start[Int(rest & 0xf)]
                rest >>= 4
            }
        }
        put(high >> 32, count: 8, at: 0)
        put(high >> 16, count: 4, at: 9)
        put(high, count: 4, at: 14)
        put(low >> 48, count: 4, at: 19)
        put(low, count: 12, at: 24)
        for index in stride(from: 8, through: 23, by: 5) { text[index] = UInt8(ascii: "-") }
    }
}

extension RawText {
    mutating func put(_ id: RandomID) { put(bytes: RandomID.textBytes, id.write) }
}

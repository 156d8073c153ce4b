import CSodium
import NIOConcurrencyHelpers

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
            var writer = RawText(text.baseAddress.unsafelyUnwrapped)
            writer.put(self)
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
        var at = 0
        for half in 0..<2 {
            let half = half == 0 ? high : low
            for shift in stride(from: 60, through: 0, by: -4) {
                if at == 8 || at == 13 || at == 18 || at == 23 {
                    text[at] = UInt8(ascii: "-")
                    at += 1
                }
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(shift) & 0xf)
                text[at] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                at += 1
            }
        }
    }
}

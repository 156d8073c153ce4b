import Web
import NIOConcurrencyHelpers

/// One-time login codes, printed on the operator's terminal: they live in memory, once, for a quarter hour.
public final class LoginLinks: Sendable {
    private let codes = NIOLockedValueBox<[String: Int64]>([:])
    private let clock: @Sendable () -> Int64
    private static let lifetimeMilliseconds: Int64 = 15 * 60 * 1_000

    /// - Parameter clock: Unix ms.
    public init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

    /// Makes a code that works once.
    public func issue() -> String {
        let code = SecretBytes.urlSafeText(SecretBytes.random(24))
        let expiry = clock() + Self.lifetimeMilliseconds
        codes.withLockedValue { codes in
            if codes.count >= 16 { codes.removeAll() }
            codes[code] = expiry
        }
        return code
    }

    /// Whether the code was valid; it no longer is.
    func redeem(_ code: String) -> Bool {
        let now = clock()
        // A dictionary's lookup isn't constant in time, but a code is 192 random bits, valid once.
        return codes.withLockedValue { $0.removeValue(forKey: code) }.map { $0 > now } ?? false
    }
}

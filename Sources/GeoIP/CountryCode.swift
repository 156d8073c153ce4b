/// Where a visit came from: an ISO 3166-1 alpha-2 code or one of three special answers.
///
/// Two ASCII letters packed into a number, so that no free text can travel through the metrics.
public struct CountryCode: Hashable, Sendable {
    private let packed: UInt16

    /// Unknown or hidden.
    public static let unknown = CountryCode(validated: "XX")
    /// A Tor exit node, as Cloudflare names it.
    public static let tor = CountryCode(validated: "T1")
    /// Loopback or tailnet; written `LOCAL` on the wire.
    public static let local = CountryCode(validated: "\u{1}\u{1}")

    private init(validated text: String) {
        let bytes = Array(text.utf8)
        packed = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
    }

    /// Accepts two ASCII letters in either case, `T1` and `LOCAL`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        // ASCII first: "ß" in upper case would be two letters and a country.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let upper = text.uppercased()
        if upper == "LOCAL" {
            self = .local
            return
        }
        let bytes = Array(upper.utf8)
        guard bytes.count == 2 else { return nil }
        let letters = bytes.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard letters || upper == "T1" else { return nil }
        self.init(validated: upper)
    }

    /// The code as the wire writes it.
    public var text: String {
        if self == .local { return "LOCAL" }
        return String(decoding: [UInt8(packed >> 8), UInt8(packed & 0xff)], as: UTF8.self)
    }
}

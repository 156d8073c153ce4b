/// Where a visit came from: an ISO 3166-1 alpha-2 code or one of three special answers.
///
/// Two ASCII letters packed into a number, so that no free text can travel through the metrics.
public struct CountryCode: Hashable, Sendable {
    private let packed: UInt16

    /// Unknown or hidden.
    public static let unknown = CountryCode(letterIndex: 23 * 26 + 23)
    /// A Tor exit node, as Cloudflare names it.
    public static let tor = CountryCode(packed: UInt16(UInt8(ascii: "T")) << 8 | UInt16(UInt8(ascii: "1")))
    /// Loopback or tailnet; written `LOCAL` on the wire.
    public static let local = CountryCode(packed: 0x0101)

    private init(packed: UInt16) { self.packed = packed }

    private init(letterIndex index: Int) {
        packed = (Self.letterA + UInt16(index / 26)) << 8 | (Self.letterA + UInt16(index % 26))
    }

    /// Two ASCII letters in either case; nil for anything else.
    init?(letters first: UInt8, _ second: UInt8) {
        // Bit 5 is the whole difference between the cases of an ASCII letter.
        let (one, other) = (first & 0xdf, second & 0xdf)
        let letters = UInt8(ascii: "A")...UInt8(ascii: "Z")
        guard letters.contains(one), letters.contains(other) else { return nil }
        packed = UInt16(one) << 8 | UInt16(other)
    }

    /// Accepts two ASCII letters in either case, `T1` and `LOCAL`; nil for anything else.
    public init?(_ text: some StringProtocol) {
        // Bytes, not characters: "ß" in upper case would be two letters and a country.
        let bytes = Array(text.utf8.prefix(6))
        if bytes.count == 2, let code = CountryCode(letters: bytes[0], bytes[1]) {
            self = code
            return
        }
        let upper = bytes.map { (0x61...0x7a).contains($0) ? $0 & 0xdf : $0 }
        switch upper {
        case Array("T1".utf8): self = .tor
        case Array("LOCAL".utf8): self = .local
        default: return nil
        }
    }

    /// The code as the wire writes it.
    public var text: String {
        if self == .local { return "LOCAL" }
        return String(decoding: [UInt8(packed >> 8), UInt8(packed & 0xff)], as: UTF8.self)
    }

    /// XX, T1 or LOCAL: an answer that names no country.
    public var isSpecial: Bool { self == .unknown || self == .tor || self == .local }

    /// Two letters other than XX. Whether ISO has given them to a country is another question: see
    /// ``assigned``.
    public var isCountry: Bool { !isSpecial }

    private static let letterA = UInt16(UInt8(ascii: "A"))
}

// The codes as small numbers, for tables with a place for each.
extension CountryCode {
    private static let letterPairs = 26 * 26

    /// How many codes there are: AA to ZZ, T1 and LOCAL.
    public static let count = letterPairs + 2

    /// The code's place among all codes, `0 ..< count`: AA to ZZ, then T1, then LOCAL.
    public var index: Int {
        switch self {
        case .tor: Self.letterPairs
        case .local: Self.letterPairs + 1
        default: Int((packed >> 8) - Self.letterA) * 26 + Int((packed & 0xff) - Self.letterA)
        }
    }

    /// The code at a place; nil outside `0 ..< count`.
    public init?(index: Int) {
        switch index {
        case 0..<Self.letterPairs: self.init(letterIndex: index)
        case Self.letterPairs: self = .tor
        case Self.letterPairs + 1: self = .local
        default: return nil
        }
    }
}

import Foundation
public import NIOCore

/// An IPv4 or IPv6 address as 16 bytes; IPv4 is kept as ::ffff:a.b.c.d, so that both spellings are equal.
public struct IPAddress: Hashable, Sendable {
    /// The 16 bytes, most significant first.
    public let high: UInt64
    public let low: UInt64

    /// ::1
    static let loopback = IPAddress(high: 0, low: 1)

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The address in text, with or without a port, brackets or a zone; nil when it is none.
    public init?(_ text: some StringProtocol) {
        var bare = text.trimmingCharacters(in: .whitespaces)
        if bare.hasPrefix("["), let end = bare.firstIndex(of: "]") {
            bare = String(bare[bare.index(after: bare.startIndex)..<end])
        } else if bare.filter({ $0 == ":" }).count == 1, let colon = bare.firstIndex(of: ":") {
            bare = String(bare[..<colon])
        }
        if let zone = bare.firstIndex(of: "%") { bare = String(bare[..<zone]) }
        // C reads up to a NUL and would take what stands before it.
        guard !bare.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, bare, &four) == 1 {
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(UInt32(bigEndian: four.s_addr)))
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, bare, &six) == 1 else { return nil }
        self = withUnsafeBytes(of: six) { Self(bytes: $0) }
    }

    /// The address of a connected peer; nil for a Unix socket.
    public init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let four):
            let number = UInt32(bigEndian: four.address.sin_addr.s_addr)
            self.init(high: 0, low: 0xffff_0000_0000 | UInt64(number))
        case .v6(let six):
            self = withUnsafeBytes(of: six.address.sin6_addr) { Self(bytes: $0) }
        default: return nil
        }
    }

    private init(bytes: UnsafeRawBufferPointer) {
        func number(_ range: Range<Int>) -> UInt64 { range.reduce(0) { $0 << 8 | UInt64(bytes[$1]) } }
        self.init(high: number(0..<8), low: number(8..<16))
    }

    /// As people write it. For asking others about the address alone: it reaches no log, metric or page.
    public var text: String {
        if isIPv4 { return [24, 16, 8, 0].map { String(low >> $0 & 0xff) }.joined(separator: ".") }
        let groups =
            [48, 32, 16, 0].map { high >> $0 & 0xffff } + [48, 32, 16, 0].map { low >> $0 & 0xffff }
        return groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// Whether this is an IPv4 address.
    public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { isIPv4 ? low >> 24 & 0xff == 127 : high == 0 && low == 1 }

    /// 100.64.0.0/10 or fd7a:115c:a1e0::/48, the ranges that Tailscale gives addresses from.
    public var isTailnet: Bool {
        isIPv4 ? low >> 22 & 0x3ff == 0x6440_0000 >> 22 : high >> 16 == 0xfd7a_115c_a1e0
    }

    /// What limits are kept for: an IPv4 address, or an IPv6 network of 64 bits, since a household has 2^64
    /// addresses.
    public var limitKey: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }
}

/// A network in CIDR notation, e.g. `10.0.0.0/8` or `fd00::/8`; a bare address is a network of one.
public struct AddressRange: Hashable, Sendable {
    private let network: IPAddress
    private let bits: Int

    /// nil when the text is no network.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first), parts.count <= 2 else { return nil }
        let width = address.isIPv4 ? 32 : 128
        guard let length = parts.count == 2 ? Int(parts[1]) : width, (0...width).contains(length)
        else { return nil }
        network = address
        bits = address.isIPv4 ? length + 96 : length
    }

    /// Whether the address lies in the network.
    public func contains(_ address: IPAddress) -> Bool {
        // An IPv6 network of less than 97 bits must not swallow the mapped IPv4 addresses by accident.
        guard network.isIPv4 == address.isIPv4 else { return false }
        func same(_ one: UInt64, _ other: UInt64, _ count: Int) -> Bool {
            count <= 0 || (one ^ other) >> UInt64(64 - min(count, 64)) == 0
        }
        return same(network.high, address.high, bits) && same(network.low, address.low, bits - 64)
    }
}

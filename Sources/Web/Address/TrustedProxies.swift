import Foundation

/// TRUST_PROXY: the peers whose X-Forwarded-For counts, and the address that follows from it.
///
/// The values are Express's: a number means hops; `loopback`, `linklocal`, `uniquelocal`, addresses and
/// CIDR ranges may be listed with commas; `true` trusts everyone and `false` nobody.
public struct TrustedProxies: Sendable {
    private enum Rule: Sendable {
        case hops(Int)
        case ranges([AddressRange])
        case everyone
    }
    private let rule: Rule

    /// The default: a proxy on this machine.
    public static let loopback = TrustedProxies(rule: .ranges(named["loopback", default: []]))

    private static let named: [String: [AddressRange]] = [
        "loopback": ["127.0.0.0/8", "::1/128"].compactMap { AddressRange($0) },
        "linklocal": ["169.254.0.0/16", "fe80::/10"].compactMap { AddressRange($0) },
        "uniquelocal": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].compactMap {
            AddressRange($0)
        },
    ]

    private init(rule: Rule) { self.rule = rule }

    /// nil when a part of the value can't be read.
    public init?(_ value: String) {
        let trimmed = value.trimmingCharacters(in: .whitespaces).lowercased()
        switch trimmed {
        case "true": self.init(rule: .everyone)
        case "", "false": self.init(rule: .ranges([]))
        default:
            if let hops = Int(trimmed) {
                guard hops >= 0 else { return nil }
                self.init(rule: .hops(hops))
                return
            }
            var ranges: [AddressRange] = []
            for part in trimmed.split(separator: ",") {
                let word = part.trimmingCharacters(in: .whitespaces)
                if let known = Self.named[word] {
                    ranges += known
                } else if let range = AddressRange(word) {
                    ranges.append(range)
                } else {
                    return nil
                }
            }
            self.init(rule: .ranges(ranges))
        }
    }

    /// Whether what `address`, `hop` hops away (0: the TCP peer), says about the hop before it counts.
    public func trusts(_ address: IPAddress, hop: Int) -> Bool {
        switch rule {
        case .hops(let count): hop < count
        case .ranges(let ranges): ranges.contains { $0.contains(address) }
        case .everyone: true
        }
    }

    /// Whether the peer is trusted for its address. Being so many hops away says nothing about who it is.
    public func namesPeer(_ peer: IPAddress) -> Bool {
        if case .ranges = rule { return trusts(peer, hop: 0) }
        return false
    }

    /// The client's address: walking back from the peer, the first one that isn't a trusted proxy.
    /// - Parameter forwarded: the values of all X-Forwarded-For headers in order.
    public func client(peer: IPAddress, forwarded: [String]) -> IPAddress {
        guard !forwarded.isEmpty, trusts(peer, hop: 0) else { return peer }
        var client = peer
        var hop = 0
        for entry in forwarded.flatMap({ $0.split(separator: ",") }).reversed() {
            guard trusts(client, hop: hop), let before = IPAddress(entry) else { break }
            client = before
            hop += 1
        }
        return client
    }
}

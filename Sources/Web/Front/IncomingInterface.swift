import Foundation
import NIOCore

/// By which network interface a connection's packets come in.
///
/// Its local address doesn't tell: Linux takes packets for any of the machine's addresses on any interface, so a
/// neighbour may reach one network's address by way of another. The kernel notes the interface of an accepted
/// connection and hands it out with the packet options of ip(7) and ipv6(7).
enum IncomingInterface {
    /// The interface's index; nil where the kernel doesn't say.
    static func index(of channel: any Channel) -> Int? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        switch channel.localAddress {
        case .v4: return index(provider, .ipv4)
        // An IPv6 socket, whichever kind of address its peer has.
        case .v6: return index(provider, .ipv6)
        default: return nil
        }
    }

    /// How one family names its options and lays out its answer: a control message's header, then the address
    /// and the index in the family's own order.
    private struct Family {
        let level: NIOBSDSocket.OptionLevel
        let receive: CInt
        let options: CInt
        let type: CInt
        let offset: Int

        static let ipv4 = Family(
            level: NIOBSDSocket.OptionLevel(rawValue: CInt(IPPROTO_IP)), receive: IP_PKTINFO,
            options: IP_PKTOPTIONS, type: IP_PKTINFO, offset: 16)
        // IPV6_2292PKTINFO and IPV6_2292PKTOPTIONS of linux/in6.h, which libc doesn't name.
        static let ipv6 = Family(
            level: NIOBSDSocket.OptionLevel(rawValue: CInt(IPPROTO_IPV6)), receive: 2, options: 6, type: 2,
            offset: 32)
    }

    /// Room for the header and one message, in words.
    private struct Answer {
        var words = (
            UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0)
        )
    }

    /// Called on the channel's loop, where the futures have their values at once.
    private static func index(_ provider: any SocketOptionProvider, _ family: Family) -> Int? {
        let on: CInt = 1
        provider.unsafeSetSocketOption(
            level: family.level, name: NIOBSDSocket.Option(rawValue: family.receive), value: on
        ).whenFailure { _ in }
        let answer: EventLoopFuture<Answer> = provider.unsafeGetSocketOption(
            level: family.level, name: NIOBSDSocket.Option(rawValue: family.options))
        let found = NIOLoopBoundBox<Int?>(nil, eventLoop: answer.eventLoop)
        answer.whenSuccess { answer in
            found.value = withUnsafeBytes(of: answer) { bytes in
                let type = bytes.load(fromByteOffset: 12, as: CInt.self)
                let index = bytes.load(fromByteOffset: family.offset, as: UInt32.self)
                return type == family.type && index > 0 ? Int(index) : nil
            }
        }
        return found.value
    }
}

import Foundation
import NIOCore
import Web

/// A network interface and the addresses it owns, as they are now.
struct TailnetInterface: Equatable {
    /// 0 for one that isn't there.
    let index: Int
    let addresses: [IPAddress]

    /// Whether a connection came in by the tailnet: its packets do, they are for this interface's address, and
    /// that interface has an address of a tailnet. Carriers hand out 100.64.0.0/10 too, so the range alone says
    /// nothing, and a neighbour can reach an interface's address by way of another interface.
    func receives(_ origin: ConnectionOrigin) -> Bool {
        guard index > 0, origin.interface == index, let local = origin.local else { return false }
        return addresses.contains(local) && addresses.contains(where: \.isTailnet)
    }

    /// The interface of that name; asked for anew each time, since a tailnet comes and goes.
    static func named(_ name: String) -> TailnetInterface {
        let devices = (try? System.enumerateDevices()) ?? []
        return TailnetInterface(
            index: Int(if_nametoindex(name)),
            addresses: devices.filter { $0.name == name }.compactMap { IPAddress($0.address) })
    }
}

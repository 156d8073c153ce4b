import Foundation
import NIOCore
import Web

/// A network interface and the addresses it owns, as they are now.
struct TailnetInterface: Equatable {
    /// 0 for one that isn't there.
    let index: Int
    let addresses: [IPAddress]
    /// Every address of this machine, on whichever interface.
    let machine: Set<IPAddress>

    /// Whether a connection came in by the tailnet: its packets do, they are for this interface's address, and
    /// that interface has an address of a tailnet. Carriers hand out 100.64.0.0/10 too, so the range alone says
    /// nothing, and a neighbour can reach an interface's address by way of another interface. The machine itself
    /// is no node: whoever speaks from here, a proxy say, speaks for strangers.
    func receives(_ origin: ConnectionOrigin) -> Bool {
        guard index > 0, origin.interface == index, let local = origin.local, let peer = origin.peer,
            !machine.contains(peer)
        else { return false }
        return addresses.contains(local) && addresses.contains(where: \.isTailnet)
    }

    /// The interface of that name; asked for anew each time, since a tailnet comes and goes.
    static func named(_ name: String) -> TailnetInterface {
        let devices = (try? System.enumerateDevices()) ?? []
        return TailnetInterface(
            index: Int(if_nametoindex(name)),
            addresses: devices.filter { $0.name == name }.compactMap { IPAddress($0.address) },
            machine: Set(devices.compactMap { IPAddress($0.address) }))
    }
}

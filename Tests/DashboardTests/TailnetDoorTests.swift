import NIOCore
import NIOHTTP1
import NIOPosix
import SignalboxMetrics
import Testing

@testable import Dashboard
@testable import Web

/// What doesn't need a network: rules on addresses, interfaces and headers. The rest is tested end to end in
/// network namespaces.
@Suite("The tailnet's door")
struct TailnetDoorTests {
    private static let own = TailnetInterface(
        index: 7, addresses: ["100.100.0.1", "fd7a:115c:a1e0::1", "10.9.8.7"].compactMap { IPAddress($0) },
        machine: Set(
            ["127.0.0.1", "100.100.0.1", "fd7a:115c:a1e0::1", "10.9.8.7", "100.72.0.1"].compactMap {
                IPAddress($0)
            }))

    private func verdict(
        peer: String?, local: String? = "100.100.0.1", interface: Int? = 7,
        listener: ListenerKind = .open, allow: [String]? = nil, own: TailnetInterface = Self.own,
        headers: [(String, String)] = []
    ) async -> TailnetDoor.Verdict {
        let door = TailnetDoor(
            allowed: .init(allow),
            daemon: TailnetDaemon(
                path: "/nonexistent/tailscaled.sock", group: MultiThreadedEventLoopGroup.singleton),
            interface: { own })
        let request = FrontRequest(
            route: .adminStats, parameter: "", secondParameter: "", query: Query(""),
            head: RequestHead(
                HTTPRequestHead(
                    version: .http1_1, method: .GET, uri: "/", headers: HTTPHeaders(headers))),
            body: ByteBuffer(), client: .loopback, isSecure: false,
            origin: ConnectionOrigin(
                peer: peer.flatMap { IPAddress($0) }, peerPort: 40_000,
                local: local.flatMap { IPAddress($0) }, interface: interface, listener: listener))
        return await door.verdict(request)
    }

    @Test(
        "a peer in the tailnet's ranges comes in by the tailnet's interface",
        arguments: [
            ("100.64.0.0", "100.100.0.1"), ("100.127.255.255", "100.100.0.1"),
            ("::ffff:100.64.1.2", "100.100.0.1"),
            ("fd7a:115c:a1e0:ffff::9", "fd7a:115c:a1e0::1"),
        ])
    func admitted(peer: String, local: String) async {
        #expect(await verdict(peer: peer, local: local) == .admitted(serve: false))
    }

    @Test(
        "a peer outside of them doesn't",
        arguments: [
            "100.63.255.255", "100.128.0.0", "127.0.0.1", "::1", "10.9.8.1", "fd7a:115c:a1e1::1",
            "::100.64.0.1",
            "203.0.113.9",
        ])
    func elsewhere(peer: String) async {
        #expect(await verdict(peer: peer) == .notFromTailnet)
    }

    @Test(
        "neither does one that reaches the address by another interface, or another address, or none that is there"
    )
    func otherInterface() async {
        #expect(await verdict(peer: "100.64.0.9", interface: 2) == .notFromTailnet)
        #expect(await verdict(peer: "100.64.0.9", interface: nil) == .notFromTailnet)
        #expect(await verdict(peer: "100.64.0.9", local: "100.100.0.2") == .notFromTailnet)
        #expect(await verdict(peer: "100.64.0.9", local: nil) == .notFromTailnet)
        let gone = TailnetInterface(index: 0, addresses: [], machine: [])
        #expect(await verdict(peer: "100.64.0.9", interface: 0, own: gone) == .notFromTailnet)
        let wan = TailnetInterface(
            index: 7, addresses: [IPAddress("10.9.8.7")].compactMap { $0 }, machine: [])
        #expect(await verdict(peer: "100.64.0.9", local: "10.9.8.7", own: wan) == .notFromTailnet)
        #expect(await verdict(peer: nil) == .notFromTailnet)
    }

    @Test(
        "a header of a proxy says that somebody else asks",
        arguments: [
            "X-Forwarded-For", "x-forwarded-proto", "X_Forwarded_For", "Forwarded", "VIA", "X-Real-IP",
            "CF-Connecting-IP", "True-Client-IP", "X-Client-IP", "Tailscale-User-Login", "X-Original-Host",
        ])
    func forwarded(header: String) async {
        #expect(await verdict(peer: "100.64.0.9", headers: [(header, "100.64.0.9")]) == .notFromTailnet)
    }

    @Test("with a list of who may come in, a peer that nobody can name doesn't")
    func allowListWithoutDaemon() async {
        #expect(await verdict(peer: "100.64.0.9", allow: ["alice@example.com"]) == .unconfirmed)
        #expect(await verdict(peer: "100.64.0.9", allow: []) == .unconfirmed, "a list of nobody")
    }

    @Test("the machine itself is no node, whichever of its addresses it speaks from")
    func itself() async {
        for peer in ["100.100.0.1", "100.72.0.1", "fd7a:115c:a1e0::1"] {
            #expect(await verdict(peer: peer) == .notFromTailnet, "\(peer)")
        }
    }

    @Test("logins and tags aren't taken for each other")
    func allowList() {
        let list = TailnetDoor.AllowList(["Alice@example.com", "tag:ops"])
        #expect(list.admits(login: "alice@EXAMPLE.com") && list.admits(tags: ["tag:web", "tag:ops"]))
        #expect(!list.admits(login: "tag:ops") && !list.admits(tags: ["alice@example.com"]))
        #expect(!list.admits(tags: []) && !list.admits(login: ""))
        #expect(
            TailnetDoor.AllowList(nil).admits(login: "anybody")
                && !TailnetDoor.AllowList([]).admits(login: "x"))
    }

    private func served(
        _ headers: [(String, String)], peer: String? = "127.0.0.1", allow: [String]? = nil
    ) async -> TailnetDoor.Verdict {
        await verdict(
            peer: peer, local: "127.0.0.1", interface: nil, listener: .tailscaleServe, allow: allow,
            headers: headers)
    }

    private let alice = [("X-Forwarded-For", "100.64.0.9"), ("Tailscale-User-Login", "alice@example.com")]

    @Test("what tailscale serve passes on counts on its own listener alone")
    func serve() async {
        #expect(await served(alice) == .admitted(serve: true))
        #expect(await served(alice, peer: nil) == .admitted(serve: true), "by its Unix socket")
        #expect(await served(alice, allow: ["ALICE@example.com"]) == .admitted(serve: true))
        #expect(await served(alice, allow: ["bob@example.com"]) == .unconfirmed)
        #expect(await verdict(peer: "127.0.0.1", interface: nil, headers: alice) == .notFromTailnet)
    }

    @Test("and it has to be whole, and say it once")
    func serveMalformed() async {
        let (address, login) = (alice[0], alice[1])
        let bad: [[(String, String)]] = [
            [], [address], [login], [address, address, login], [address, login, login],
            [("X-Forwarded-For", "100.64.0.9, 100.64.0.8"), login],
            [("X-Forwarded-For", "203.0.113.9"), login],
            [address, ("Tailscale-User-Login", "")], alice + [("Tailscale-Funnel-Request", "?1")],
        ]
        for headers in bad { #expect(await served(headers) == .notFromTailnet, "\(headers)") }
        #expect(await served(alice, peer: "192.168.1.9") == .notFromTailnet)
    }
}

import AsyncHTTPClient
import Atomics
import Foundation
public import NIOCore
import Web

/// Whom an address in the tailnet belongs to, in tailscaled's words.
struct TailnetPeer: Equatable, Sendable {
    /// Empty for a tagged node, which belongs to nobody.
    let login: String
    let tags: [String]
}

/// tailscaled's LocalAPI: HTTP over a Unix socket, TAILSCALE_SOCKET.
///
/// Fails closed: an error, a pause of two seconds and an answer that can't be read all mean that nobody was
/// confirmed.
public final class TailnetDaemon: Sendable {
    private let path: String
    private let client: HTTPClient
    private let inFlight = ManagedAtomic<Int>(0)

    private static let timeout = TimeAmount.seconds(2)
    private static let answerBytesMax = 256 * 1024
    /// Lookups at once; a daemon that hangs must not pile requests up.
    private static let lookupsMax = 32

    /// - Parameters:
    ///   - path: of the socket; it needn't be there.
    ///   - group: the event loops it runs on; they aren't shut down with it.
    public init(path: String, group: any EventLoopGroup) {
        self.path = path
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: Self.timeout), proxy: nil,
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        // A trace would name addresses.
        configuration.tracing.tracer = nil
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    deinit {
        // A client that nobody shut down would end a debug build. Twice is no harm.
        client.shutdown { _ in }
    }

    /// Whether there is a daemon to ask.
    var isThere: Bool { access(path, F_OK) == 0 }

    /// Whom `address` belongs to; nil when the daemon doesn't say.
    /// - Parameter port: of the peer's end; nil when it isn't known.
    func peer(at address: IPAddress, port: Int?) async -> TailnetPeer? {
        struct Answer: Decodable {
            struct Node: Decodable { let Tags: [String]? }
            struct Profile: Decodable { let LoginName: String? }
            let Node: Node
            let UserProfile: Profile?
        }
        let name = address.isIPv4 || port == nil ? address.text : "[\(address.text)]"
        let place = port.map { "\(name):\($0)" } ?? name
        let query = place.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        guard let answer = await get("/localapi/v0/whois?addr=\(query)", Answer.self) else { return nil }
        let tags = answer.Node.Tags ?? []
        return TailnetPeer(login: tags.isEmpty ? answer.UserProfile?.LoginName ?? "" : "", tags: tags)
    }

    /// This machine's name in the tailnet, without the dot at its end; nil when the daemon doesn't say.
    func ownName() async -> String? {
        struct Answer: Decodable {
            struct Own: Decodable { let DNSName: String? }
            let `Self`: Own?
        }
        let answer = await get("/localapi/v0/status?peers=false", Answer.self)
        let name = answer?.Self?.DNSName?.lowercased() ?? ""
        let bare = name.hasSuffix(".") ? String(name.dropLast()) : name
        return bare.isEmpty ? nil : bare
    }

    private func get<Answer: Decodable>(_ uri: String, _: Answer.Type) async -> Answer? {
        guard inFlight.wrappingIncrementThenLoad(ordering: .relaxed) <= Self.lookupsMax,
            let url = URL(httpURLWithSocketPath: path, uri: uri)
        else {
            inFlight.wrappingDecrement(ordering: .relaxed)
            return nil
        }
        defer { inFlight.wrappingDecrement(ordering: .relaxed) }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.headers.add(name: "Host", value: "local-tailscaled.sock")
        // One answer a connection: what follows an answer on a kept one could be anybody's.
        request.headers.add(name: "Connection", value: "close")
        // The client's own deadline ends with the answer's head; a body may drip.
        return await withTaskGroup(of: Data?.self) { [client, request] race in
            race.addTask {
                guard let response = try? await client.execute(request, timeout: Self.timeout),
                    response.status == .ok,
                    let body = try? await response.body.collect(upTo: Self.answerBytesMax)
                else { return nil }
                return Data(buffer: body)
            }
            race.addTask {
                try? await Task.sleep(for: .nanoseconds(Self.timeout.nanoseconds))
                return nil
            }
            let first = await race.next()
            race.cancelAll()
            return (first ?? nil).flatMap { try? JSONDecoder().decode(Answer.self, from: $0) }
        }
    }
}

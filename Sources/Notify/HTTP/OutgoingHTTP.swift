import AsyncHTTPClient
import Foundation
public import NIOCore

/// The HTTP client that channels share.
///
/// It follows no redirect, uses no proxy and no HTTP/2, decompresses nothing, reads no body and writes no log
/// and no trace: requests hold what people wrote, addresses hold tokens.
public final class OutgoingHTTP: Sendable {
    private let client: HTTPClient
    private let timeout: TimeAmount

    /// - Parameters:
    ///   - group: the event loops it runs on; they aren't shut down with it.
    ///   - timeout: what connecting and answering may take together.
    public init(group: any EventLoopGroup, timeout: Duration = .seconds(5)) {
        self.timeout = TimeAmount(timeout)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: self.timeout),
            proxy: nil,
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Trying again is for the dispatch to decide, which waits between two tries.
        configuration.connectionPool.retryConnectionEstablishment = false
        // A trace would name the address.
        configuration.tracing.tracer = nil
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    deinit {
        // A client that nobody shut down would end a debug build. Twice is no harm.
        client.shutdown { _ in }
    }

    /// Posts a value as JSON and returns when the answer's head says 2xx.
    ///
    /// The answer's body isn't read: dropping it closes the connection, so none outlives its delivery.
    /// - Parameter bearer: a token for the Authorization header.
    func post(
        _ body: some Encodable, to address: SecretAddress, bearer: String? = nil
    ) async throws(DeliveryError) {
        let status: Int
        let wait: Duration?
        do {
            var request = try Self.request(address, body: JSONEncoder().encode(body))
            if let bearer { request.headers.add(name: "Authorization", value: "Bearer \(bearer)") }
            let response = try await client.execute(request, timeout: timeout)
            status = Int(response.status.code)
            // Retry-After is in milliseconds in Discord's oldest interface, which an address without a version
            // gets; its other header is always in seconds.
            wait =
                Self.wait(response.headers.first(name: "X-RateLimit-Reset-After"))
                ?? Self.wait(response.headers.first(name: "Retry-After"))
        } catch {
            throw DeliveryError(error)
        }
        guard (200...299).contains(status) else { throw .refused(status: status, retryAfter: wait) }
    }

    private static func request(_ address: SecretAddress, body: Data) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        // Discord's guard turns clients without a name away.
        request.headers.add(name: "User-Agent", value: "Signalbox")
        request.headers.add(name: "Connection", value: "close")
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }

    /// Closes all connections. What is under way fails.
    public func shutdown() async {
        try? await client.shutdown()
    }

    /// A header's number of seconds; nil for a date, which neither service sends.
    static func wait(_ header: String?) -> Duration? {
        guard let header, let seconds = Double(header), seconds.isFinite, seconds >= 0 else { return nil }
        // A day is as good as forever and can't overflow.
        return .seconds(min(seconds, 86_400))
    }
}

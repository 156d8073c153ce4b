import AsyncHTTPClient
import Foundation
import NIOCore
import Web

/// Asks a server, waits when it says so, and tells in words what it refused.
struct RelayClient: Sendable {
    let origin: String
    private let http: HTTPClient
    /// Longer than any long-poll.
    private static let timeout = TimeAmount.seconds(90)
    /// Tries of one request, and the longest that one waits between two.
    private static let (tries, longestPause) = (5, 30.0)
    /// A page of messages, and as much again.
    private static let answerMax = 16 * 1_024 * 1_024

    init(origin: String) {
        self.origin = origin
        var configuration = HTTPClient.Configuration(
            // A redirect could lead to a server that the link doesn't name.
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(10)), proxy: nil,
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.tracing.tracer = nil
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async { try? await http.shutdown() }

    /// The JSON that the server answers with 2xx.
    /// - Parameters:
    ///   - path: with its query.
    ///   - header: made anew for each try, for signatures are good for once.
    /// - Throws: ``ClientError``; ``Unreachable`` when nobody answers.
    func ask(
        _ method: String, _ path: String, body: [String: Any]? = nil,
        header: () -> [(String, String)] = { [] }
    ) async throws -> [String: Any] {
        let bytes = try body.map { try JSONSerialization.data(withJSONObject: $0) }
        for attempt in 1... {
            var request = HTTPClientRequest(url: origin + path)
            request.method = .RAW(value: method)
            for (name, value) in header() { request.headers.add(name: name, value: value) }
            if let bytes {
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(bytes)
            }
            let response: HTTPClientResponse
            let answer: ByteBuffer
            do {
                response = try await http.execute(request, timeout: Self.timeout)
                answer = try await response.body.collect(upTo: Self.answerMax)
            } catch let error as CancellationError {
                throw error
            } catch { throw Unreachable(origin: origin) }
            let json =
                (try? JSONSerialization.jsonObject(with: Data(answer.readableBytesView))) as? [String: Any]
            switch response.status.code {
            case 200...299:
                guard let json else { throw ClientError("\(origin) answers, but not as a relay does.") }
                return json
            case 429 where attempt < Self.tries, 503 where attempt < Self.tries:
                let wait = response.headers.first(name: "Retry-After").flatMap(Double.init) ?? 1
                try await Task.sleep(for: .seconds(min(max(wait, 0.1), Self.longestPause)))
            default:
                let why = json?["error"] as? String ?? response.status.reasonPhrase
                let detail = (json?["detail"] as? String).map { " (\($0))" } ?? ""
                throw ClientError("The server refuses: \(why)\(detail).")
            }
        }
        throw Unreachable(origin: origin)
    }
}

/// Nobody answers at the address; it may be worth a try later.
struct Unreachable: Error, CustomStringConvertible {
    let origin: String
    var description: String { "No server answers at \(origin). Is the address right, and is it running?" }
}

import AsyncHTTPClient
import Foundation
import NIOCore
import Web

/// Asks a server, waits when it says so, and tells in words what it refused.
struct RelayClient: Sendable {
    let origin: String
    private let http: HTTPClient
    /// Seconds that a request may take beyond what it asks the server to wait.
    private static let patience: Int64 = 30
    /// Tries of one request, and the most seconds between two.
    private static let (tries, longestPause) = (5, 30)
    /// A page of messages, and as much again.
    private static let answerMax = 16 * 1_024 * 1_024
    /// Of a refusal's words; more than a server of ours has.
    private static let wordsMax = 300

    init(origin: String) {
        self.origin = origin
        var configuration = HTTPClient.Configuration(
            // A redirect could lead to a server that the link doesn't name.
            redirectConfiguration: .disallow,
            // Between two bytes; a long-poll is silent for half of it.
            timeout: .init(connect: .seconds(10), read: .seconds(2 * Self.patience)), proxy: nil,
            decompression: .disabled)
        // Nobody there is an answer, too; who wants to wait for somebody asks again.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.tracing.tracer = nil
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async { try? await http.shutdown() }

    /// The JSON that the server answers with 2xx.
    /// - Parameters:
    ///   - path: with its query.
    ///   - seconds: how long the server is asked to wait.
    ///   - body: and `header`: made anew for each try, for signatures are good for a minute and once.
    /// - Throws: ``ClientError``; ``Unreachable`` when nobody answers.
    func ask(
        _ method: String, _ path: String, body: (() -> [String: Any])? = nil, waiting seconds: Int = 0,
        header: () -> [(String, String)] = { [] }
    ) async throws -> [String: Any] {
        for attempt in 1... {
            var request = HTTPClientRequest(url: origin + path)
            request.method = .RAW(value: method)
            for (name, value) in header() { request.headers.add(name: name, value: value) }
            if let body {
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(try JSONSerialization.data(withJSONObject: body()))
            }
            let response: HTTPClientResponse
            let answer: ByteBuffer?
            let time = Self.patience + Int64(seconds)
            let end = ContinuousClock.now + .seconds(time)
            do {
                response = try await http.execute(request, timeout: .seconds(time))
                answer = try await Self.collect(response.body, until: end)
            } catch let error as CancellationError {
                throw error
            } catch {
                if String(reflecting: type(of: error)).hasPrefix("NIOSSL.") {
                    throw ClientError("\(origin) can't be trusted: its certificate, or its TLS, isn't good.")
                }
                throw Unreachable(origin: origin)
            }
            guard let answer else { throw nonsense }
            let json =
                (try? JSONSerialization.jsonObject(with: Data(answer.readableBytesView))) as? [String: Any]
            switch response.status.code {
            case 200...299:
                guard let json else { throw nonsense }
                return json
            case 300...399:
                throw ClientError("\(origin) sends its clients elsewhere. Use that address, if you trust it.")
            case 429 where attempt < Self.tries, 503 where attempt < Self.tries:
                let wait = response.headers.first(name: "Retry-After").flatMap(Int.init) ?? 1
                let pause = min(max(wait, 1), Self.longestPause)
                if pause > 2 { Terminal.note("The server asks to wait; trying again in \(pause) s.") }
                try await Task.sleep(for: .seconds(pause))
            case 502, 504:
                // A proxy's word for a server that is away.
                throw Unreachable(origin: origin)
            default:
                let why = json?["error"] as? String ?? response.status.reasonPhrase
                let detail = (json?["detail"] as? String).map { " (\($0))" } ?? ""
                let words = String(
                    String.UnicodeScalarView((why + detail).unicodeScalars.prefix(Self.wordsMax)))
                throw ClientError(
                    "The server refuses: \(words.plain).", isRefusal: response.status.code < 500)
            }
        }
        throw Unreachable(origin: origin)
    }

    /// What to say of an answer that makes no sense.
    var nonsense: ClientError { ClientError("\(origin) answers, but not as a relay does.") }

    /// The whole of an answer; nil when it is larger or slower than a relay's.
    private static func collect(
        _ body: HTTPClientResponse.Body, until end: ContinuousClock.Instant
    ) async throws -> ByteBuffer? {
        var whole = ByteBuffer()
        for try await var part in body {
            guard whole.readableBytes + part.readableBytes <= answerMax, ContinuousClock.now < end else {
                return nil
            }
            whole.writeBuffer(&part)
        }
        return whole
    }

    /// Takes a step until it says that nothing is left; with `endlessly` again and again, also while the server is
    /// away.
    static func repeating(endlessly: Bool, _ step: () async throws -> Bool) async throws {
        var isAway = false
        while true {
            let begun = ContinuousClock.now
            do {
                let isOver = try await step()
                isAway = false
                if !isOver { continue }
                if !endlessly { return }
            } catch let error as Unreachable where endlessly {
                if !isAway { Terminal.note("\(error) Trying again.") }
                isAway = true
            }
            // A room that nobody has opened is answered at once, and so is everybody when the server goes.
            try await Task.sleep(until: begun + .seconds(1), clock: .continuous)
        }
    }
}

/// Nobody answers at the address; it may be worth a try later.
struct Unreachable: Error, CustomStringConvertible {
    let origin: String
    var description: String { "No server answers at \(origin). Is the address right, and is it running?" }
}

import Foundation
import NIOCore
import NIOHTTP1

/// Who a request pretends to be; the server counts browsers and agents apart.
enum Visitor: Sendable {
    case browser
    case agent

    var userAgent: String {
        switch self {
        case .browser: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
        case .agent: "signalbox-demo/1.0"
        }
    }
}

/// A request, whole.
struct RelayRequest: Sendable {
    var method: HTTPMethod = .GET
    let route: String
    let visitor: Visitor
    /// Sent with a JSON content type.
    var body: Data?

    /// The head as it goes to `address`; `body` is not part of it.
    func head(for address: RelayAddress) -> HTTPRequestHead {
        var headers: HTTPHeaders = [
            "Host": address.authority, "User-Agent": visitor.userAgent, "Accept": "*/*",
        ]
        if let body {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(body.count))
        }
        return HTTPRequestHead(
            version: .http1_1, method: method, uri: address.target(route), headers: headers)
    }
}

/// A response, whole.
struct RelayResponse: Sendable {
    let head: HTTPResponseHead
    let body: ByteBuffer

    var status: Int { Int(head.status.code) }

    /// The body as JSON of type `T`, or an error that counts as a lost answer.
    func decoded<T: Decodable>(_ type: T.Type) throws -> T {
        guard status == 200 else { throw head.refusal }
        do {
            return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
        } catch {
            throw RelayError.lost("the answer is not the JSON that was expected")
        }
    }
}

extension HTTPResponseHead {
    /// This head as an error, with what Retry-After says in seconds.
    var refusal: RelayError {
        let seconds = headers.first(name: "Retry-After").flatMap { Int($0) }
        return .refused(status: Int(status.code), retryAfter: seconds.map { .seconds($0) })
    }
}

public import SignalboxMetrics

/// Finds the route of a path. Case and a trailing slash don't matter, as in the original.
public enum RouteTable {
    /// A path's route and what stood in its parameter's place.
    public struct Match: Sendable, Equatable {
        public let route: Route
        /// The parameter, decoded; empty for routes without one. nil when its encoding is broken.
        public let parameter: String?
        /// The second parameter of the few routes that have two; the same otherwise.
        public var secondParameter: String? = ""
    }

    private static let templates: [Int: [(route: Route, segments: [String])]] = {
        let all = Route.allCases.filter { $0 != .unmatched }.map { route in
            (route: route, segments: route.text.split(separator: "/").map(String.init))
        }
        return Dictionary(grouping: all) { $0.segments.count }
    }()

    /// Two templates may fit one path (`/api/identity/register` is a fixed path and a handle's); then the one
    /// that answers the method counts, else the first.
    /// - Parameter path: the path as sent, without the query.
    public static func match(_ path: Substring, method: Method? = nil) -> Match {
        guard path.utf8.first == UInt8(ascii: "/") else { return Match(route: .unmatched, parameter: "") }
        var segments = path.utf8.dropFirst()
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if segments.last?.isEmpty == true { segments.removeLast() }
        var first: Match?
        candidates: for candidate in templates[segments.count] ?? [] {
            var one: Substring.UTF8View.SubSequence?
            var two: Substring.UTF8View.SubSequence?
            for (segment, expected) in zip(segments, candidate.segments) {
                if expected.utf8.first == UInt8(ascii: ":") {
                    guard !segment.isEmpty else { continue candidates }
                    if one == nil { one = segment } else { two = segment }
                } else if !equalIgnoringCase(segment, expected) {
                    continue candidates
                }
            }
            let match = Match(
                route: candidate.route, parameter: one.map(decoded) ?? "",
                secondParameter: two.map(decoded) ?? "")
            guard let method, !candidate.route.answers(method) else { return match }
            first = first ?? match
        }
        return first ?? Match(route: .unmatched, parameter: "")
    }

    private static func decoded(_ segment: Substring.UTF8View.SubSequence) -> String? {
        let text = String(Substring(segment))
        return segment.contains(UInt8(ascii: "%")) ? percentDecoded(text) : text
    }

    private static func equalIgnoringCase(_ one: Substring.UTF8View.SubSequence, _ lowercase: String) -> Bool
    {
        one.count == lowercase.utf8.count
            && zip(one, lowercase.utf8).allSatisfy { byte, expected in
                byte == expected || ((0x41...0x5a).contains(byte) && byte | 0x20 == expected)
            }
    }
}

extension Route {
    /// The methods the route answers; HEAD and OPTIONS come along with GET.
    public var methods: [Method] {
        switch self {
        case .roomMessages, .roomClaim, .roomAck, .roomListening, .identityRegister, .directMessage,
            .agentHeartbeat, .report, .contact, .adminLogout, .adminAlerts:
            [.post]
        case .adminLogin: [.get, .post]
        case .inboxMessage: [.delete]
        case .agentProfile: [.put, .delete]
        case .unmatched: []
        default: [.get]
        }
    }

    /// The value of an Allow header.
    public var allow: String {
        methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.text] }.joined(separator: ", ")
    }

    /// Whether the route answers the method.
    public func answers(_ method: Method) -> Bool {
        methods.contains(method == .head ? .get : method)
    }
}

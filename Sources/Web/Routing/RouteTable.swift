public import SignalboxMetrics

/// Finds the route of a path. Case and a trailing slash don't matter, as in the original.
public enum RouteTable {
    /// A path's route and what stood in its parameter's place.
    public struct Match: Sendable, Equatable {
        public let route: Route
        /// The parameter, decoded; empty for routes without one. nil when its encoding is broken.
        public internal(set) var parameter: String?
        /// The second parameter of the few routes that have two; the same otherwise.
        public internal(set) var secondParameter: String? = ""
    }

    /// A route's path, cut at its slashes. A segment is nil where a parameter stands.
    private struct Template: Sendable {
        let route: Route
        let segments: [[UInt8]?]
        /// How many bytes the last segment has, where paths differ most; nil for a parameter. Here so that most
        /// templates are passed without a look at their segments.
        let lastCount: Int?

        init(_ route: Route) {
            self.route = route
            segments = route.text.split(separator: "/").map { $0.hasPrefix(":") ? nil : Array($0.utf8) }
            lastCount = segments.last.flatMap { $0?.count }
        }
    }

    /// By their number of segments.
    private static let templates: [[Template]] = {
        let all = Route.allCases.filter { $0 != .unmatched }.map(Template.init)
        return (0...segmentsMax).map { count in all.filter { $0.segments.count == count } }
    }()
    private static let segmentsMax = 8

    /// Two templates may fit one path (`/api/identity/register` is a fixed path and a handle's); then the one
    /// that answers the method counts, else the first.
    /// - Parameter path: the path as sent, without the query.
    public static func match(_ path: Substring, method: Method? = nil) -> Match {
        var path = path
        return path.withUTF8 { match(bytes: UnsafeRawBufferPointer($0), method: method) }
    }

    /// The same for the path's bytes.
    static func match(bytes path: UnsafeRawBufferPointer, method: Method?) -> Match {
        let unmatched = Match(route: .unmatched, parameter: "")
        guard path.first == UInt8(ascii: "/") else { return unmatched }
        return withUnsafeTemporaryAllocation(of: Int.self, capacity: segmentsMax + 1) { ends in
            // Where each segment ends; the next one begins behind the slash there. A last one that is empty is
            // none: a slash at the end doesn't matter.
            var (count, at) = (0, 1)
            while at <= path.count {
                if at == path.count || path[at] == UInt8(ascii: "/") {
                    if at == path.count, path[at - 1] == UInt8(ascii: "/") { break }
                    guard count < segmentsMax else { return unmatched }
                    ends[count] = at
                    count += 1
                }
                at += 1
            }
            var first: Match?
            let lastCount = count == 0 ? 0 : ends[count - 1] - (count == 1 ? 1 : ends[count - 2] + 1)
            for template in templates[count] {
                guard template.lastCount == nil || template.lastCount == lastCount,
                    fits(template, path, UnsafeBufferPointer(ends))
                else { continue }
                let match = match(template, path, UnsafeBufferPointer(ends))
                guard let method, !template.route.answers(method) else { return match }
                first = first ?? match
            }
            return first ?? unmatched
        }
    }

    /// From behind, where paths differ most.
    private static func fits(
        _ template: Template, _ path: UnsafeRawBufferPointer, _ ends: UnsafeBufferPointer<Int>
    ) -> Bool {
        var index = template.segments.count
        while index > 0 {
            index -= 1
            let start = index == 0 ? 1 : ends[index - 1] + 1
            guard let expected = template.segments[index] else {
                if start == ends[index] { return false }
                continue
            }
            guard ends[index] - start == expected.count else { return false }
            for offset in 0..<expected.count {
                let byte = path[start + offset]
                let lower = byte &- 0x41 < 26 ? byte | 0x20 : byte
                if lower != expected[offset] { return false }
            }
        }
        return true
    }

    private static func match(
        _ template: Template, _ path: UnsafeRawBufferPointer, _ ends: UnsafeBufferPointer<Int>
    ) -> Match {
        var match = Match(route: template.route, parameter: "")
        var parameters = 0
        for index in template.segments.indices where template.segments[index] == nil {
            let start = index == 0 ? 1 : ends[index - 1] + 1
            let parameter = decoded(UnsafeRawBufferPointer(rebasing: path[start..<ends[index]]))
            if parameters == 0 { match.parameter = parameter } else { match.secondParameter = parameter }
            parameters += 1
        }
        return match
    }

    private static func decoded(_ segment: UnsafeRawBufferPointer) -> String? {
        let text = String(decoding: segment, as: UTF8.self)
        return segment.contains(UInt8(ascii: "%")) ? percentDecoded(text) : text
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
        Self.answered[rawValue] & 1 << (method == .head ? Method.get : method).rawValue != 0
    }

    /// ``methods`` of every route as bits: asked for each request.
    private static let answered: [Int] = allCases.map { route in
        route.methods.reduce(0) { $0 | 1 << $1.rawValue }
    }
}

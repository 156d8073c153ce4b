import Foundation

/// The parts of a request's target. An absolute-form target (RFC 9112 §3.2.2) counts for its path alone;
/// the host it names is never used.
enum RequestTarget {
    // By bytes: a combining mark behind a delimiter would make another character of it, and bytes are faster.
    static func path(_ target: String) -> Substring {
        let origin = originForm(target)
        let end = origin.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        return origin[..<(end ?? origin.endIndex)]
    }

    static func query(_ target: String) -> Query {
        var origin = originForm(target)
        if let fragment = origin.utf8.firstIndex(of: UInt8(ascii: "#")) { origin = origin[..<fragment] }
        guard let mark = origin.utf8.firstIndex(of: UInt8(ascii: "?")) else { return Query("") }
        return Query(origin[origin.utf8.index(after: mark)...])
    }

    /// The query as sent with its question mark; empty when there is none.
    static func queryText(_ target: String) -> Substring {
        var origin = originForm(target)
        if let fragment = origin.utf8.firstIndex(of: UInt8(ascii: "#")) { origin = origin[..<fragment] }
        return origin.utf8.firstIndex(of: UInt8(ascii: "?")).map { origin[$0...] } ?? ""
    }

    private static func originForm(_ target: String) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/"), let scheme = target.range(of: "://") else {
            return Substring(target)
        }
        let rest = target[scheme.upperBound...]
        guard let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[slash...]
    }
}

import Foundation

/// The parts of a request's target. An absolute-form target (RFC 9112 §3.2.2) counts for its path alone;
/// the host it names is never used.
enum RequestTarget {
    static func path(_ target: String) -> Substring {
        let origin = originForm(target)
        return origin.prefix { $0 != "?" && $0 != "#" }
    }

    static func query(_ target: String) -> Query {
        let origin = originForm(target).prefix { $0 != "#" }
        guard let mark = origin.firstIndex(of: "?") else { return Query("") }
        return Query(origin[origin.index(after: mark)...])
    }

    private static func originForm(_ target: String) -> Substring {
        guard target.first != "/", let scheme = target.range(of: "://") else { return Substring(target) }
        let rest = target[scheme.upperBound...]
        guard let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[slash...]
    }
}

import Foundation
import Synchronization

/// The routes of the API's description, for the plain page at `/api/docs`. Read when the page is first asked for.
final class APIReference: Sendable {
    struct Entry: Equatable {
        let method: String
        let path: String
        let summary: String
    }

    struct Group: Equatable {
        /// For links to it.
        let id: String
        let name: String
        let routes: [Entry]
    }

    private let document: String
    private let known = Mutex<[Group]?>(nil)

    /// - Parameter document: OpenAPI 3.1 as JSON.
    init(document: String) { self.document = document }

    /// One group for each tag, in the document's order.
    /// - Throws: when the document isn't what it should be.
    func groups() throws -> [Group] {
        try known.withLock {
            if let groups = $0 { return groups }
            let groups = try read()
            $0 = groups
            return groups
        }
    }

    private func read() throws -> [Group] {
        let description = try JSONDecoder().decode(Description.self, from: Data(document.utf8))
        // A dictionary has no order; the document's own is the one that makes sense.
        let paths = description.paths.keys.map { ($0, document.range(of: "\"\($0)\":")?.lowerBound) }
            .sorted { ($0.1 ?? document.endIndex, $0.0) < ($1.1 ?? document.endIndex, $1.0) }.map(\.0)
        var entries: [String: [Entry]] = [:]
        for path in paths {
            for (method, operation) in description.paths[path]?.operations ?? [] {
                entries[operation.tags.first ?? "", default: []].append(
                    Entry(method: method, path: path, summary: operation.summary))
            }
        }
        return description.tags.compactMap { tag in
            entries[tag.name].map {
                Group(
                    id: tag.name.lowercased().replacing(" ", with: "-"), name: tag.name, routes: $0)
            }
        }
    }
}

extension APIReference {
    private struct Description: Decodable {
        struct Tag: Decodable { let name: String }
        let tags: [Tag]
        let paths: [String: Path]
    }

    private struct Path: Decodable {
        let get, post, put, delete: Operation?

        var operations: [(String, Operation)] {
            [("GET", get), ("POST", post), ("PUT", put), ("DELETE", delete)].compactMap { method, operation in
                operation.map { (method, $0) }
            }
        }
    }

    private struct Operation: Decodable {
        let summary: String
        let tags: [String]
    }
}

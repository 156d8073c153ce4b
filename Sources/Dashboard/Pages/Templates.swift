import Foundation
import Mustache

/// The pages' templates, read once at start.
public struct Templates: Sendable {
    private let library: MustacheLibrary

    /// Why the templates can't be used, in a sentence for the operator.
    public enum Failure: Error, CustomStringConvertible, Equatable {
        case noDirectory(String)
        case missing(name: String, directory: String)
        case broken(name: String, reason: String)

        public var description: String {
            switch self {
            case .noDirectory(let directory):
                "There is no directory of templates at \(directory); PUBLIC_DIR says where Public/ is."
            case .missing(let name, let directory):
                "The template \(name).mustache is missing in \(directory)."
            case .broken(let name, let reason):
                "The template \(name).mustache can't be read: \(reason)."
            }
        }
    }

    /// What the pages here ask for; checked at start, not when somebody opens the page.
    static let required =
        ["layout", "stats", "stats-all", "stats-now", "login", "notice", "home", "status"]
        + [
            "updated", "state", "alerts", "cards", "counters", "past", "usage", "classes", "countries",
            "minutes", "storage", "build", "gate", "rules", "panels",
        ].map { "stats-\($0)" }

    /// Loads every `*.mustache` of a directory.
    /// - Throws: ``Failure``, naming the template that is missing or broken.
    public init(directory: String) throws {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw Failure.noDirectory(directory)
        }
        var library = MustacheLibrary()
        for file in files.sorted() where file.hasSuffix(".mustache") {
            let name = String(file.dropLast(".mustache".count))
            do {
                let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
                try library.register(text, named: name)
            } catch {
                throw Failure.broken(name: name, reason: "\(error)")
            }
        }
        for name in Self.required where library.getTemplate(named: name) == nil {
            throw Failure.missing(name: name, directory: directory)
        }
        self.library = library
    }

    /// Renders a template. Values are escaped by the template unless it says otherwise.
    /// - Throws: ``Failure/missing(name:directory:)``
    func render(_ name: String, _ values: Any) throws -> String {
        guard let text = library.render(values, withTemplate: name) else {
            throw Failure.missing(name: name, directory: "what was loaded at start")
        }
        return text
    }
}

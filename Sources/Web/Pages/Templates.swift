import Foundation
import Mustache

/// The pages' templates, read once at start.
public struct Templates: Sendable {
    private let library: MustacheLibrary
    /// The SHA-256 of each as it lies on the disk, by file name.
    public let hashes: [(name: String, sha256: String)]

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

    /// Loads every `*.mustache` of a directory.
    /// - Parameters:
    ///   - required: what pages ask for; checked here, not when somebody opens the page.
    ///   - stamp: what is done to the text of each before it is read.
    /// - Throws: ``Failure``, naming the template that is missing or broken.
    public init(
        directory: String, requiring required: [String], stamp: (String) -> String = { $0 }
    ) throws {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw Failure.noDirectory(directory)
        }
        var library = MustacheLibrary()
        var hashes: [(name: String, sha256: String)] = []
        for file in files.sorted() where file.hasSuffix(".mustache") {
            let name = String(file.dropLast(".mustache".count))
            do {
                let text = try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)
                hashes.append((name: file, sha256: SHA256.hex(text)))
                try library.register(stamp(text), named: name)
            } catch {
                throw Failure.broken(name: name, reason: "\(error)")
            }
        }
        for name in required where library.getTemplate(named: name) == nil {
            throw Failure.missing(name: name, directory: directory)
        }
        self.library = library
        self.hashes = hashes
    }

    /// Renders a template. Values are escaped by the template unless it says otherwise.
    /// - Throws: ``Failure/missing(name:directory:)``
    public func render(_ name: String, _ values: Any) throws -> String {
        guard let text = library.render(values, withTemplate: name) else {
            throw Failure.missing(name: name, directory: "what was loaded at start")
        }
        return text
    }
}

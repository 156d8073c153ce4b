/// What runs here, for whoever wants to compare it with the source.
public struct BuildRecord: Sendable {
    /// A file of the program and the SHA-256 of it as it was loaded.
    public typealias File = (name: String, sha256: String)

    public let version: String
    /// The commit that was built, where the build noted it.
    public let commit: String?
    /// Where the source can be had; nil when the operator didn't say.
    public let source: String?
    /// How long what is counted is kept, and how countries are found: name and value, for people.
    public let keeping: [(name: String, value: String)]
    /// The program's own file and the manifest it was built by; asked for when they are first wanted.
    let program: @Sendable () async -> [File]
    /// Pages, templates and what pages load, by path within Public/.
    let pages: [File]

    public init(
        version: String, commit: String?, source: String?, keeping: [(name: String, value: String)],
        program: @escaping @Sendable () async -> [File], pages: [File]
    ) {
        self.version = version
        self.commit = commit
        self.source = source
        self.keeping = keeping
        self.program = program
        self.pages = pages
    }

    /// What is promised, and the files under Tests/ that would notice.
    public var promises: [(promise: String, tests: [String])] {
        Invariant.all.map { ($0.promise, $0.tests) }
    }

    /// All of them, the program's own first.
    public func files() async -> [File] { await program() + pages }
}

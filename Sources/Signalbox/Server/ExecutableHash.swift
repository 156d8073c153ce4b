import Web

/// The SHA-256 of the running program's file, worked out when somebody first asks: it is a hundred megabytes.
actor ExecutableHash {
    private var known: String?
    private let manifest: String?

    /// - Parameter manifest: the SHA-256 of the Package.swift it was built by, as it was noted.
    init(manifest: String?) { self.manifest = manifest }

    func files() -> [(name: String, sha256: String)] {
        let hash = known ?? SHA256.hex(ofFile: "/proc/self/exe")
        known = hash
        return (hash.map { [(name: "signalbox", sha256: $0)] } ?? [])
            + (manifest.map { [(name: "Package.swift", sha256: $0)] } ?? [])
    }
}

import Foundation

/// Where pages, templates and assets are: PUBLIC_DIR, beside an installed binary, or beside the sources.
struct PublicFiles {
    /// The folder itself, which has the texts for crawlers.
    let root: String

    var templates: String { root + "/templates" }
    var assets: String { root + "/assets" }
    /// What the set-up puts there of others' work; it may be missing.
    var vendor: String { root + "/vendor" }
    var sdk: String { root + "/sdk" }
    var map: String { root + "/map" }
    var openAPI: String { root + "/openapi.json" }

    /// The API's description.
    /// - Throws: ``SettingsError`` when the file isn't there.
    func openAPIDocument() throws -> String {
        guard let text = try? String(contentsOfFile: openAPI, encoding: .utf8) else {
            throw SettingsError(
                description: "\(openAPI) can't be read; PUBLIC_DIR must be the whole Public folder.")
        }
        return text
    }

    init(setting: String?) throws {
        let binary = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates = setting.map { [$0] } ?? []
        if setting == nil {
            candidates.append(binary.appending(path: "../share/signalbox").standardized.path())
            // While developing the binary lies in .build/<triple>/<mode>; look upwards for the sources.
            var folder = binary
            for _ in 0..<5 {
                folder = folder.deletingLastPathComponent()
                candidates.append(folder.appending(path: "Public").path())
            }
            candidates.append("Public")
        }
        guard
            let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0 + "/templates") })
        else {
            throw SettingsError(
                description:
                    "The pages were not found; set PUBLIC_DIR to the folder that holds templates/ and assets/."
            )
        }
        root = found
    }
}

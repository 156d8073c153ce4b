import Foundation

/// The original's state files, by the environment name that says where each is.
enum OriginalFile: String, CaseIterable, Sendable {
    case totals = "METRICS_STATE_PATH"
    case minutes = "METRICS_HISTORY_PATH"
    case hours = "METRICS_HOURLY_HISTORY_PATH"
    case countryMinutes = "METRICS_GEO_MINUTE_HISTORY_PATH"
    case countryHours = "METRICS_GEO_HOURLY_HISTORY_PATH"
    case identities = "IDENTITIES_STATE_PATH"
    /// Of handles that are registered: after the identities.
    case profiles = "AGENT_DIRECTORY_STATE_PATH"

    /// The name that the original gives the file.
    var name: String {
        switch self {
        case .totals: "metrics.json"
        case .minutes: "metrics_history.json"
        case .hours: "metrics_hourly.json"
        case .countryMinutes: "metrics_geo_minute.json"
        case .countryHours: "metrics_geo_hourly.json"
        case .identities: "identities.json"
        case .profiles: "agent_profiles.json"
        }
    }

    /// No file of the original gets near it.
    static let bytesMax = 1 << 30

    /// The files of a folder that are there; settings name others in their place.
    static func found(in folder: String?, _ settings: ServerSettings) -> [OriginalFile: String] {
        var paths: [OriginalFile: String] = [:]
        for file in allCases {
            let path = settings[file.rawValue] ?? folder.map { $0 + "/" + file.name }
            if let path, FileManager.default.fileExists(atPath: path) { paths[file] = path }
        }
        return paths
    }
}

import Configuration
import Foundation
import SystemPackage

/// A setting can't be used; the sentence names it and says what to do.
struct SettingsError: Error, CustomStringConvertible {
    let description: String
}

/// Every setting with its value and where it came from: command line over environment over file.
struct ServerSettings: Sendable {
    /// Where a value came from.
    enum Source: String, Sendable {
        case commandLine = "command line"
        case environment = "environment"
        case file = "file"
        case fallback = "default"
    }

    struct Resolved: Sendable {
        let setting: Setting
        let value: String?
        let source: Source
    }

    let resolved: [Resolved]
    private let values: [String: String]

    /// Reads every source and checks every value.
    /// - Parameters:
    ///   - assignments: `NAME=value` from the command line.
    ///   - file: a file of `NAME=value` lines; nil for none.
    static func load(assignments: [String], file: String?) async throws -> ServerSettings {
        var given: [String: String] = [:]
        for assignment in assignments {
            let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard parts.count == 2, Setting.all.contains(where: { $0.name == name }) else {
                throw SettingsError(
                    description:
                        "--set takes NAME=value with a name that `signalbox config` lists, not «\(parts[0])»."
                )
            }
            given[name] = String(parts[1])
        }
        var readers: [(Source, ConfigReader)] = [
            (.commandLine, ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: given))),
            (.environment, ConfigReader(provider: EnvironmentVariablesProvider())),
        ]
        if let file {
            guard FileManager.default.isReadableFile(atPath: file) else {
                throw SettingsError(description: "The settings file \(file) can't be read; check --config.")
            }
            let provider = try await EnvironmentVariablesProvider(environmentFilePath: FilePath(file))
            readers.append((.file, ConfigReader(provider: provider)))
        }
        return try ServerSettings(readers: readers)
    }

    private init(readers: [(Source, ConfigReader)]) throws {
        var resolved: [Resolved] = []
        for setting in Setting.all {
            let key = ConfigKey(setting.name.lowercased().split(separator: "_").map(String.init))
            // An empty value counts as none: that is how a shell unsets what it can't leave out.
            let found = readers.lazy.compactMap { source, reader in
                reader.string(forKey: key, isSecret: setting.isSecret).flatMap {
                    $0.isEmpty ? nil : (source, $0)
                }
            }.first
            if let (source, value) = found, let fault = setting.fault(in: value) {
                let hint = setting.fallback.map { "; for example \(setting.name)=\($0)" } ?? ""
                throw SettingsError(
                    description: "\(setting.name) from the \(source.rawValue) is \(fault)\(hint).")
            }
            resolved.append(
                Resolved(setting: setting, value: found?.1 ?? setting.fallback, source: found?.0 ?? .fallback)
            )
        }
        self.resolved = resolved
        values = Dictionary(
            uniqueKeysWithValues: resolved.compactMap { one in one.value.map { (one.setting.name, $0) } })
    }

    /// The value as text, nil when there is none.
    subscript(name: String) -> String? { values[name] }

    /// A whole number; its range was checked when it was read.
    func integer(_ name: String) -> Int { values[name].flatMap { Int($0) } ?? 0 }

    /// A number; its range was checked when it was read.
    func number(_ name: String) -> Double { values[name].flatMap { Double($0) } ?? 0 }

    /// Whether a switch is on.
    func isOn(_ name: String) -> Bool {
        ["1", "true", "yes", "on"].contains(values[name, default: ""].lowercased())
    }

    /// Words between commas.
    func list(_ name: String) -> [String] {
        values[name, default: ""].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
    }
}

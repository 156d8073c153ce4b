import ArgumentParser

/// `signalbox config`: every setting, its value, and where it came from.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Print every setting with its value and where it came from; secrets are masked.")

    @OptionGroup var options: SettingsOptions

    @Flag(name: .long, help: "Print what each setting means as well.")
    var explain = false

    func run() async throws {
        let settings: ServerSettings
        do {
            settings = try await options.load()
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        }
        let width = settings.resolved.map(\.setting.name.count).max() ?? 0
        for one in settings.resolved {
            let name = one.setting.name.padded(to: width)
            let value = one.value.map { one.setting.isSecret ? "(set)" : $0 } ?? "(none)"
            print("\(name)  \(value)  (\(one.source.rawValue))")
            if explain { print("\("".padded(to: width))  \(one.setting.help)") }
        }
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

extension CleanExit {
    /// A sentence on standard error and an exit code: what went wrong is the operator's to mend, so no usage
    /// text is in the way.
    static func message(_ text: String, code: ExitCode) -> any Error {
        StandardError.write("signalbox: \(text)\n")
        return code
    }
}

import ArgumentParser
import Logging

/// `signalbox serve`, the default: runs the server until SIGTERM or SIGINT.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the relay and its dashboard.",
        discussion: """
            Settings come from the command line, the environment, and a file, in this order; \
            `signalbox config --explain` lists them. SIGTERM or Ctrl-C ends the server: streams are told, \
            the store is flushed.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        CrashReports.switchOff()
        do {
            let settings = try await options.load()
            guard let level = settings["LOG_LEVEL"].flatMap(Logger.Level.init(rawValue:)) else {
                throw SettingsError(
                    description: "LOG_LEVEL is none of trace, debug, info, notice, warning, error.")
            }
            LoggingSystem.bootstrap { _ in LineLog(logLevel: level) }
            try await Server(settings: settings, logger: Logger(label: "signalbox")).run()
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        }
    }
}

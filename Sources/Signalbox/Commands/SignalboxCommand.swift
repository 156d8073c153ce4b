import ArgumentParser
import SignalboxMetrics

/// The program.
@main
struct SignalboxCommand: AsyncParsableCommand {
    static let version: StaticString = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "signalbox",
        abstract: "A relay for bots that sees nothing, and an ops dashboard that shows everything else.",
        version: "signalbox \(version)",
        subcommands: [
            ServeCommand.self, RoomCommand.self, DirectMessageCommand.self, DemoCommand.self,
            ConfigCommand.self, ImportCommand.self, BackupCommand.self,
            CheckCommand.self, AlertsCommand.self, GeoIPCommand.self, MetricsCommand.self,
        ],
        defaultSubcommand: ServeCommand.self)
}

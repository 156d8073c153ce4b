import ArgumentParser
import Foundation
import SQLite
import SignalboxMetrics

/// `signalbox import DIR`: takes over what a Bot2Bot server had kept.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over the history, identities and agent profiles of a Bot2Bot server.",
        discussion: """
            Reads metrics.json, metrics_history.json, metrics_hourly.json, metrics_geo_minute.json, \
            metrics_geo_hourly.json, identities.json and agent_profiles.json from DIR, those that are there; \
            settings such as METRICS_HISTORY_PATH name a file elsewhere. Everything is written in one \
            transaction. What is there already stays, so a second import of the same files changes nothing. \
            The server must be stopped.
            """)

    @Argument(help: "The folder with the files.")
    var directory: String

    @Flag(name: .long, help: "Say what would be imported and change nothing.")
    var dryRun = false

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        do {
            let settings = try await options.load()
            let paths = OriginalFile.found(in: directory, settings)
            guard !paths.isEmpty else {
                throw SettingsError(
                    description:
                        "\(directory) holds none of \(OriginalFile.allCases.map(\.name).joined(separator: ", "))."
                )
            }
            let folder = settings["DATA_DIR"] ?? "./data"
            let scratch = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            defer { try? FileManager.default.removeItem(at: scratch) }
            // A dry run makes nothing, so where there is no store yet it tries with one elsewhere.
            let isThere = FileManager.default.fileExists(atPath: folder + "/signalbox.sqlite")
            // One that can't be read is left where it is: only a server moves it aside.
            if isThere { _ = try StoreFile(settings).open().integer("SELECT count(*) FROM sqlite_master") }
            let data = try DataDirectory(path: dryRun && !isThere ? scratch.path : folder)
            let (database, setAside) = try Database.open(path: data.databasePath)
            if let setAside {
                throw SettingsError(
                    description:
                        "The store could not be read and now lies in \(setAside.movedTo). Nothing was imported."
                )
            }
            try refuseAfterCrash(database)
            let clock = try ClockSetting(settings["CLOCK"]).clock
            var work = try OriginalImport(paths: paths, settings, now: clock.now())
            if isatty(STDERR_FILENO) == 1 { work.progress = Self.bar }
            for tally in try work.run(into: database, isDry: dryRun) { print(tally.line) }
            print(dryRun ? "Dry run: nothing was changed." : "Imported into \(data.databasePath).")
            withExtendedLifetime(data) {}
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as OriginalImport.Failure {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message(
                "The store can't be used: \(error.message). Nothing was imported.", code: .failure)
        }
    }

    /// After a crash the live counters are ahead of the store: the server has to fold them in first.
    private func refuseAfterCrash(_ database: Database) throws {
        let clean = try database.write { connection in
            try connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'meta'") == nil
                || connection.text("SELECT value FROM meta WHERE name = 'ended_cleanly'") != "0"
        }
        guard clean else {
            throw SettingsError(
                description: "The last run did not end well: start the server once and stop it, then import.")
        }
    }

    private static func bar(_ name: String, _ share: Double) {
        // A record's worth of progress is no news; a percent is.
        let width = 30
        let done = Int(share * Double(width))
        guard share >= 1 || Int(share * 1_000_000) % 10_000 < 40 else { return }
        let line =
            "\r\(name.padding(toLength: 24, withPad: " ", startingAt: 0)) ["
            + String(repeating: "#", count: done) + String(repeating: ".", count: width - done)
            + "] \(Int(share * 100)) %"
        StandardError.write(share >= 1 ? line + "\n" : line)
    }
}

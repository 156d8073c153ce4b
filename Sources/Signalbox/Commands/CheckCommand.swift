import ArgumentParser
import Foundation
import SQLite
import SignalboxMetrics

/// `signalbox check`: is the store whole, and do its numbers agree with each other.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the store: integrity, sums and gaps; the server may be running.",
        discussion: """
            Exits with 0 when all is well and with 1 when something is wrong. Gaps, the times without a \
            sample, are told and are no fault: the server was not running then.
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let verdict: StoreCheck
        do {
            let settings = try await options.load()
            verdict = try StoreCheck(
                StoreFile(settings).open(), retention: settings.retention)
        } catch let error as SettingsError {
            throw CleanExit.message(error.description, code: .failure)
        } catch let error as SQLiteError {
            throw CleanExit.message("The store can't be read: \(error.message).", code: .failure)
        }
        for note in verdict.notes { print(note) }
        for fault in verdict.faults { print("FAULT: \(fault)") }
        print(verdict.faults.isEmpty ? "All is well." : "\(verdict.faults.count) faults.")
        if !verdict.faults.isEmpty { throw ExitCode.failure }
    }
}

import ArgumentParser

/// The options that every command which reads settings shares.
struct SettingsOptions: ParsableArguments {
    @Option(name: .long, help: "Address to listen on, over HOST.")
    var host: String?

    @Option(name: .long, help: "Port to listen on, over PORT.")
    var port: Int?

    @Option(name: .long, help: "Where the database is kept, over DATA_DIR.")
    var dataDir: String?

    @Option(name: .customLong("set"), help: "Any setting as NAME=value; repeatable, over the environment.")
    var assignments: [String] = []

    @Option(name: .long, help: "A file of NAME=value lines, under the environment.")
    var config: String?

    func load() async throws -> ServerSettings {
        var all = assignments
        if let host { all.append("HOST=\(host)") }
        if let port { all.append("PORT=\(port)") }
        if let dataDir { all.append("DATA_DIR=\(dataDir)") }
        return try await ServerSettings.load(assignments: all, file: config)
    }
}

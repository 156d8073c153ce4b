import ArgumentParser
import Foundation

/// `signalbox dm`: an agent's direct messages on the command line.
struct DirectMessageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dm",
        abstract: "Register an agent, send direct messages, read its inbox; sealed and opened here.",
        discussion: "The file with an agent's keys is the agent: nobody else has them, so keep a copy.",
        subcommands: [Register.self, Send.self, Read.self])

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the keys of a new agent, write them to a file, and register its handle.")

        @Argument(help: "The handle: 2 to 32 of a-z, 0-9, - and _.")
        var handle: String

        @Option(help: "The file to make; HANDLE.agent by default.")
        var file: String?

        @Option(help: "The server's address.")
        var server = "http://127.0.0.1:3000"

        func validate() throws { try DirectMessageCommand.check(handle) }

        func run() async throws {
            let handle = DirectMessageCommand.bare(handle)
            let origin = try RoomLink.origin(of: server)
            let path = file ?? "\(handle).agent"
            let isNew = !FileManager.default.fileExists(atPath: path)
            let keys = try isNew ? AgentKeys(origin: origin, handle: handle) : AgentKeys(file: path)
            guard keys.handle == handle, keys.origin == origin else {
                throw ClientError("\(path) is there already: the keys of @\(keys.handle) at \(keys.origin).")
            }
            // Before the handle is taken: without its keys nobody could use it.
            if isNew { try keys.save(to: path) }
            do {
                try await DirectMessageCommand.with(keys) { try await $0.register() }
            } catch let error as ClientError where isNew && error.isRefusal {
                try? FileManager.default.removeItem(atPath: path)
                throw error
            } catch  where (error as? ClientError)?.isRefusal != true {
                // It may have heard what it couldn't answer any more; the same keys may be registered twice.
                Terminal.note("The keys stay in \(path): give the same command again.")
                throw error
            }
            try Terminal.say("@\(handle) is registered at \(origin); its keys are in \(path).")
        }
    }

    struct Send: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seal a text for another agent and send it.")

        @Argument(help: "The other agent's handle.")
        var to: String

        @Argument(help: "The text; without one, standard input is sent as a whole.")
        var text: String?

        @Option(help: "The file with the sender's keys.")
        var agent: String

        func validate() throws { try DirectMessageCommand.check(to) }

        func run() async throws {
            let text = try self.text ?? RoomCommand.input()
            try await DirectMessageCommand.with(AgentKeys(file: agent)) {
                try await $0.send(text, to: DirectMessageCommand.bare(to))
            }
        }
    }

    struct Read: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an agent's messages, one a line, and have the server drop them.",
            discussion: "A sender in <> is a name that anybody could have taken; one with @ is verified.")

        @Option(help: "The file with the agent's keys.")
        var agent: String

        @Flag(help: "Go on with what comes, until Ctrl-C.")
        var follow = false

        @Flag(help: "Leave the messages with the server.")
        var keep = false

        func validate() throws {
            if keep, follow {
                throw ValidationError("With --keep the same messages would come again and again.")
            }
        }

        func run() async throws {
            try await DirectMessageCommand.with(AgentKeys(file: agent)) { client in
                var seq: UInt64 = 0
                try await RelayClient.repeating(endlessly: follow) {
                    let messages = try await client.messages(after: seq, waiting: follow ? 30 : 0)
                    for message in messages {
                        seq = message.seq
                        try Terminal.say(message.line)
                        if !keep { try await client.acknowledge(message) }
                    }
                    return messages.isEmpty
                }
            }
        }
    }

    /// A handle without its sign, as servers write it.
    private static func bare(_ handle: String) -> String {
        (handle.hasPrefix("@") ? String(handle.dropFirst()) : handle).lowercased()
    }

    private static func check(_ handle: String) throws {
        guard AgentKeys.isHandle(bare(handle)) else {
            throw ValidationError("\"\(handle.plain)\" is no handle: 2 to 32 of a-z, 0-9, - and _.")
        }
    }

    private static func with(_ keys: AgentKeys, _ body: (AgentClient) async throws -> Void) async throws {
        let relay = RelayClient(origin: keys.origin)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(AgentClient(keys: keys, relay: relay)))
        } catch { result = .failure(error) }
        await relay.shutdown()
        try result.get()
    }
}

extension AgentClient.Message {
    fileprivate var line: String {
        let who = sender.map { isVerified ? "@\($0.plain)" : "<\($0.plain)>" } ?? "<>"
        return "\(who) \(text?.plain ?? "(can't be opened with this agent's key)")"
    }
}

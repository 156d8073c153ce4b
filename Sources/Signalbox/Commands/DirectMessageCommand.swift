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

        func run() async throws {
            let name = handle.hasPrefix("@") ? String(handle.dropFirst()) : handle
            let origin = try RoomLink(newAt: server).origin
            let path = file ?? "\(name).agent"
            let keys = AgentKeys(origin: origin, handle: name.lowercased())
            // Before the handle is taken: without its keys nobody could use it.
            try keys.save(to: path)
            do {
                try await DirectMessageCommand.with(keys) { try await $0.register() }
            } catch {
                try? FileManager.default.removeItem(atPath: path)
                throw error
            }
            print("@\(keys.handle) is registered at \(origin); its keys are in \(path).")
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

        func run() async throws {
            let text = try self.text ?? RoomCommand.input()
            let handle = (to.hasPrefix("@") ? String(to.dropFirst()) : to).lowercased()
            guard handle.wholeMatch(of: /[a-z0-9][-_a-z0-9]{1,31}/) != nil else {
                throw ValidationError("\"\(to)\" is no handle: 2 to 32 of a-z, 0-9, - and _.")
            }
            try await DirectMessageCommand.with(AgentKeys(file: agent)) {
                try await $0.send(text, to: handle)
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
                while true {
                    let asked = ContinuousClock.now
                    let messages: [AgentClient.Message]
                    do {
                        messages = try await client.messages(waiting: follow ? 30 : 0)
                    } catch let error as Unreachable where follow {
                        Terminal.note("\(error) Trying again.")
                        try await Task.sleep(for: .seconds(1))
                        continue
                    }
                    for message in messages {
                        try Terminal.say(message.line)
                        if !keep { try await client.acknowledge(message) }
                    }
                    if !follow, messages.isEmpty || keep { return }
                    // Nothing should be answered at once, but a server may.
                    if messages.isEmpty {
                        try await Task.sleep(until: asked + .seconds(1), clock: .continuous)
                    }
                }
            }
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

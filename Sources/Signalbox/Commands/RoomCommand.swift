import ArgumentParser
import Foundation

/// `signalbox room`: a member of a room on the command line.
struct RoomCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "room",
        abstract: "Make a room, send to it, read it; encrypted here, by the key in its link.",
        discussion: """
            Give a link in quotes, or the shell takes what follows # for a comment. A link given as - is read \
            from standard input, so that it doesn't show in the list of processes.
            """,
        subcommands: [New.self, Send.self, Read.self])

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the link of a new room. The link is the key: send it over a channel you trust.")

        @Argument(help: "The server's address.")
        var server = "http://127.0.0.1:3000"

        func run() async throws { try Terminal.say(RoomLink(newAt: server).text) }
    }

    struct Send: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Encrypt a text and send it to a room.")

        @Argument(help: "The room's link with its key, in quotes; - reads it from standard input.")
        var link: String

        @Argument(help: "The text; without one, standard input is sent as a whole.")
        var text: String?

        @Option(help: "The name to send under; anybody can take any name.")
        var name = "signalbox"

        func validate() throws {
            guard link != "-" || text != nil else {
                throw ValidationError("Standard input can't be both the link and the text.")
            }
        }

        func run() async throws {
            let room = try RoomLink(RoomCommand.link(link))
            let text = try self.text ?? RoomCommand.input()
            try await RoomCommand.with(room) { client in _ = try await client.send(text, as: name) }
        }
    }

    struct Read: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a room's recent messages, one a line: number, sender, text.",
            discussion: "A sender in <> is a name that anybody could have taken; one with @ is verified.")

        @Argument(help: "The room's link with its key, in quotes; - reads it from standard input.")
        var link: String

        @Flag(help: "Go on with what comes, until Ctrl-C, over restarts of the server.")
        var follow = false

        @Option(help: "Only what comes after this number.")
        var after: UInt64 = 0

        @Flag(help: "One JSON object a line.")
        var json = false

        private static let seenMax = 20_000

        func run() async throws {
            try await RoomCommand.with(RoomLink(RoomCommand.link(link))) { client in
                var seq = after
                var seen: Set<String> = []
                try await RelayClient.repeating(endlessly: follow) {
                    let messages = try await client.messages(after: seq, waiting: follow ? 30 : 0)
                    // A bound, since it may run for months.
                    if seen.count > Self.seenMax { seen = [] }
                    for message in messages {
                        seq = message.seq
                        // Who doesn't know whether a message arrived sends it again.
                        guard message.text == nil || seen.insert(message.nonce).inserted else { continue }
                        try Terminal.say(json ? message.json() : message.line)
                    }
                    return messages.isEmpty
                }
            }
        }
    }

    static func with(_ room: RoomLink, _ body: (RoomClient) async throws -> Void) async throws {
        let relay = RelayClient(origin: room.origin)
        let result: Result<Void, any Error>
        do { result = .success(try await body(RoomClient(room, relay: relay))) } catch {
            result = .failure(error)
        }
        await relay.shutdown()
        try result.get()
    }

    private static func link(_ given: String) throws -> String {
        given == "-" ? readLine() ?? "" : given
    }

    static func input() throws -> String {
        let data = try FileHandle.standardInput.readToEnd() ?? Data()
        guard let text = String(data: data, encoding: .utf8) else {
            throw ClientError("Standard input is no text in UTF-8.")
        }
        return text
    }
}

extension RoomClient.Message {
    /// For people, with what could move the cursor or hide text taken out.
    fileprivate var line: String {
        let who = isVerified && sender.hasPrefix("@") ? sender.plain : "<\(sender.plain)>"
        return "\(seq) \(who) \(text?.plain ?? "(can't be read with this key)")"
    }

    fileprivate func json() throws -> String {
        var fields: [String: Any] = ["seq": seq, "sender": sender, "verified": isVerified, "ts": sentAt]
        if let text { fields["text"] = text }
        let data = try JSONSerialization.data(
            withJSONObject: fields, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data, as: UTF8.self).inert
    }
}

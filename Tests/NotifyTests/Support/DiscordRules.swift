import Foundation

/// What Discord's execution of a webhook takes and what it refuses.
enum DiscordRules {
    static let path = "/api/webhooks/4711/hook-Secret"

    static func answer(_ request: StandIn.Request) -> StandIn.Answer {
        guard request.path == path, request.method == "POST" else {
            return .reply(404, body: #"{"message": "Unknown Webhook", "code": 10015}"#)
        }
        // Its guard turns away clients that don't name themselves.
        guard request.headers.first(name: "User-Agent")?.isEmpty == false else { return .reply(403) }
        guard request.headers.first(name: "Content-Type") == "application/json",
            message(in: request.body) != nil
        else { return .reply(400, body: #"{"message": "Invalid Form Body", "code": 50035}"#) }
        return .reply(204)
    }

    /// The content of a body that is valid.
    static func message(in body: Data) -> String? {
        guard let fields = try? JSONSerialization.jsonObject(with: body) as? [String: Any],
            let content = fields["content"] as? String, !content.isEmpty, content.utf16.count <= 2_000,
            let mentions = fields["allowed_mentions"] as? [String: Any], mentions.count == 1,
            let parse = mentions["parse"] as? [Any], parse.isEmpty,
            fields["flags"] as? Int == 4, fields.count == 3
        else { return nil }
        return content
    }
}

import Foundation

/// What the Bot API's sendMessage takes and what it refuses, in its words.
enum TelegramRules {
    static let token = "123456:ABC-def_Secret"
    static let chat = "-1001234567890"

    static func answer(_ request: StandIn.Request) -> StandIn.Answer {
        guard request.path.hasPrefix("/bot\(token)/") else { return refusal(401, "Unauthorized") }
        guard request.path == "/bot\(token)/sendMessage", request.method == "POST" else {
            return refusal(404, "Not Found")
        }
        guard request.headers.first(name: "Content-Type") == "application/json" else {
            return refusal(400, "Bad Request: message text is empty")
        }
        do throws(MarkdownV2.Refusal) {
            _ = try message(in: request.body)
            return .reply(200, body: #"{"ok":true,"result":{"message_id":1}}"#)
        } catch {
            return refusal(400, "Bad Request: \(error.words)")
        }
    }

    /// The message as Telegram would show it.
    static func message(in body: Data) throws(MarkdownV2.Refusal) -> MarkdownV2 {
        guard let fields = try? JSONSerialization.jsonObject(with: body) as? [String: Any] else {
            throw .init(words: "object expected as JSON")
        }
        guard fields["chat_id"] as? String == chat else { throw .init(words: "chat not found") }
        guard fields["parse_mode"] as? String == "MarkdownV2" else {
            throw .init(words: "unsupported parse_mode")
        }
        guard fields["disable_web_page_preview"] as? Bool == true, fields.count == 4 else {
            throw .init(words: "not what was agreed on")
        }
        guard let text = fields["text"] as? String else { throw .init(words: "message text is empty") }
        let message: MarkdownV2
        do throws(MarkdownV2.Refusal) {
            message = try MarkdownV2(text)
        } catch {
            throw .init(words: "can't parse entities: \(error.words)")
        }
        guard message.shown.contains(where: { !$0.isWhitespace }) else {
            throw .init(words: "message text is empty")
        }
        guard message.shown.utf16.count <= 4_096 else { throw .init(words: "message is too long") }
        return message
    }

    private static func refusal(_ status: Int, _ words: String) -> StandIn.Answer {
        let body = #"{"ok":false,"error_code":\#(status),"description":"\#(words)"}"#
        return .reply(status, headers: ["Content-Type": "application/json"], body: body)
    }
}

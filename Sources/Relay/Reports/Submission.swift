import Foundation
import Notify
import Web

/// What somebody submitted for the operator: a report or a contact form. Its text goes to the report log and
/// the operator's channels, and nowhere else.
struct Submission: Sendable {
    enum Kind: String, Sendable {
        case report, contact
    }

    let id = UUID().uuidString.lowercased()
    let kind: Kind
    /// Name and text in the log's order.
    let fields: [(name: String, text: String)]
    let severity: String?
    let userAgent: String
    /// Tells waves of one sender apart within a run, and nothing else: keyed with bytes of this process.
    let sender: String

    /// What was wrong, in the original's words.
    struct Fault: Error {
        let error: String
        let reason: String
    }

    private static let severities: Set<String> = ["low", "medium", "high", "critical"]

    private init(
        _ kind: Kind, _ fields: [(name: String, text: String)], severity: String?, _ request: FrontRequest,
        key: [UInt8]
    ) {
        self.kind = kind
        self.fields = fields
        self.severity = severity
        userAgent = (request.header("user-agent") ?? "").prefixUTF16(200)
        let digest = SecretBytes.hash(Array("\(request.client)|\(kind.rawValue)".utf8), key: key)
        sender = Hex.text(Array(digest.prefix(6)))
    }

    /// A bug report.
    /// - Throws: ``Fault``.
    static func report(_ body: JSONValue, _ request: FrontRequest, key: [UInt8]) throws -> Submission {
        let what = text(body, "what", 4_000)
        guard what.utf16.count >= 5 else {
            throw Fault(error: "field \"what\" required (5–4000 chars)", reason: "what_missing")
        }
        let severity = body["severity"]?.string ?? ""
        return Submission(
            .report,
            [
                ("what", what), ("where", text(body, "where", 500)), ("repro", text(body, "repro", 4_000)),
                ("context", text(body, "context", 2_000)), ("contact", text(body, "contact", 200)),
            ], severity: severities.contains(severity) ? severity : "medium", request, key: key)
    }

    /// A contact form.
    /// - Throws: ``Fault``.
    static func contact(_ body: JSONValue, _ request: FrontRequest, key: [UInt8]) throws -> Submission {
        let message = text(body, "message", 4_000)
        guard message.utf16.count >= 3 else {
            throw Fault(error: "field \"message\" required (3–4000 chars)", reason: "message_missing")
        }
        let email = text(body, "email", 200)
        guard email.isEmpty || isEmail(email) else {
            throw Fault(error: "email looks malformed", reason: "bad_email")
        }
        return Submission(
            .contact, [("message", message), ("name", text(body, "name", 200)), ("email", email)],
            severity: nil, request, key: key)
    }

    private static func text(_ body: JSONValue, _ name: String, _ units: Int) -> String {
        (body[name]?.string ?? "").prefixUTF16(units)
    }

    /// Something, one `@`, something with a dot inside.
    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !text.contains(where: \.isWhitespace) else { return false }
        return parts[1].dropFirst().dropLast().contains(".")
    }

    /// The line of the report log.
    func line(at now: Int64) -> [UInt8] {
        let time = Date(timeIntervalSince1970: Double(now) / 1_000)
        let json = JSONWriter.object(capacity: 512) {
            $0.field("id", id)
            $0.field("kind", kind.rawValue)
            $0.field("ts", time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
            for field in fields {
                $0.key(named: field.name)
                $0.string(field.text)
            }
            if let severity { $0.field("severity", severity) }
            $0.field("ua", userAgent)
            $0.field("ip_hash", sender)
        }
        return Array(json.readableBytesView)
    }

    /// The note for the operator's channels.
    var note: OperatorNote {
        let limits = ["what": 900, "where": 200, "repro": 800, "context": 400, "message": 3_000]
        var shown = fields.map { field in
            OperatorNote.Field(
                field.name.prefix(1).uppercased() + field.name.dropFirst(), field.text,
                limit: limits[field.name] ?? 200)
        }
        if let severity { shown.append(OperatorNote.Field("Severity", severity)) }
        shown.append(OperatorNote.Field("User agent", userAgent, limit: 200))
        shown.append(OperatorNote.Field("Sender", sender, style: .code))
        shown.append(OperatorNote.Field("ID", id, style: .code))
        return OperatorNote(
            lead: kind == .report ? "🐛" : "✉️", title: kind == .report ? "Bug report" : "Contact form",
            fields: shown)
    }
}

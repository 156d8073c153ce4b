import NIOCore
import NIOHTTP1
import Web

/// Tags of answers, so that who has one in hand isn't sent it again.
enum EntityTag {
    /// RFC 9110 §13.1.2: whether any of the listed tags, compared weakly, is this one, or `*`.
    static func matches(_ values: [String], _ tag: String) -> Bool {
        func bare(_ text: Substring) -> Substring {
            let word = text.filter { $0 != " " && $0 != "\t" }[...]
            return word.hasPrefix("W/") ? word.dropFirst(2) : word
        }
        return values.contains { value in
            value.split(separator: ",").contains { bare($0) == "*" || bare($0) == bare(tag[...]) }
        }
    }
}

extension FrontResponse {
    /// The response with a tag made from its body, or 304 when the client has it.
    func tagged(for request: FrontRequest) -> FrontResponse {
        let tag = "W/\"\(fingerprint(of: body.readableBytesView))\""
        var tagged = self
        tagged.headers.append(("ETag", tag))
        if EntityTag.matches(request.head.headers["if-none-match"], tag) {
            tagged.status = .notModified
            tagged.body = ByteBuffer()
            tagged.headers.removeAll { $0.name == "Content-Type" }
        }
        return tagged
    }
}

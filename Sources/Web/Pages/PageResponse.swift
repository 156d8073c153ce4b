import NIOCore
public import NIOHTTP1

extension FrontResponse {
    /// An HTML page that nobody may keep.
    public static func page(_ html: String, status: HTTPResponseStatus = .ok) -> FrontResponse {
        var page = FrontResponse(
            status: status,
            headers: [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")],
            body: ByteBuffer(string: html))
        page.isCompressible = true
        return page
    }
}

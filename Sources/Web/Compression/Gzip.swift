import CZlib
public import NIOCore

/// The gzip content coding, RFC 1952, by zlib.
public enum Gzip {
    /// The bytes as a gzip stream; nil when zlib has no memory.
    /// - Parameter level: 1 (fast) ... 9 (small).
    public static func compress(_ bytes: ByteBuffer, level: Int32 = 4) -> ByteBuffer? {
        var stream = z_stream()
        // 15 bits of window, and 16 more for the gzip header instead of zlib's.
        guard
            deflateInit2_(
                &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.readableBytes)))
        var output = ByteBufferAllocator().buffer(capacity: bound)
        var isWhole = false
        bytes.withUnsafeReadableBytes { input in
            // zlib only reads from what it takes as mutable.
            let input = UnsafeMutablePointer(
                mutating: input.bindMemory(to: UInt8.self).baseAddress)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
                stream.next_in = input
                stream.avail_in = UInt32(bytes.readableBytes)
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(space.count)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                return space.count - Int(stream.avail_out)
            }
        }
        return isWhole ? output : nil
    }

    /// What a gzip stream holds; nil when it isn't one, or holds another number of bytes.
    public static func decompress(_ bytes: ByteBuffer, count: Int) -> ByteBuffer? {
        var stream = z_stream()
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { inflateEnd(&stream) }
        var output = ByteBufferAllocator().buffer(capacity: count)
        var isWhole = false
        bytes.withUnsafeReadableBytes { input in
            // zlib only reads from what it takes as mutable.
            let input = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                stream.next_in = input
                stream.avail_in = UInt32(bytes.readableBytes)
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(count)
                isWhole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0
                return count - Int(stream.avail_out)
            }
        }
        return isWhole && output.readableBytes == count ? output : nil
    }

    /// Whether a client takes gzip: Accept-Encoding names it, or everything, with a weight above 0 (RFC 9110
    /// §12.5.3).
    public static func isAccepted(_ acceptEncoding: String?) -> Bool {
        var everything = false
        for entry in (acceptEncoding ?? "").lowercased().split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let coding = parts.first, ["gzip", "x-gzip", "*"].contains(coding) else { continue }
            let weight =
                parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            if coding != "*" { return weight > 0 }
            everything = weight > 0
        }
        return everything
    }
}

extension FrontResponse {
    /// Below this many bytes a coding costs more than it saves.
    private static let compressedMin = 1_024

    /// The response in a coding that the client takes, where it allows one. What varies by coding says so
    /// either way.
    func compressed(for request: FrontRequest) -> FrontResponse {
        guard isCompressible, status.mayHaveResponseBody || status == .notModified else { return self }
        var coded = self
        if let vary = coded.headers.firstIndex(where: { $0.name == "Vary" }) {
            coded.headers[vary].value += ", Accept-Encoding"
        } else {
            coded.headers.append(("Vary", "Accept-Encoding"))
        }
        guard body.readableBytes >= Self.compressedMin, Gzip.isAccepted(request.header("accept-encoding")),
            !headers.contains(where: { $0.name.lowercased() == "content-encoding" }),
            let bytes = Gzip.compress(body)
        else { return coded }
        coded.body = bytes
        coded.headers.append(("Content-Encoding", "gzip"))
        return coded
    }
}

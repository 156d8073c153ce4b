import NIOCore
import NIOHTTP1
import SignalboxMetrics

/// Plain requests, taken from the bytes as they were read.
extension FrontHandler {
    /// What became of bytes that may be plain requests.
    enum Taking {
        /// All of them are dealt with.
        case taken
        /// What is left is the beginning of a head.
        case incomplete
        /// What is left is for the decoder.
        case unusual
    }

    /// Answers the requests in the bytes, one after the other.
    func take(plain bytes: inout ByteBuffer) -> Taking {
        isReadingFromSocket = true
        while bytes.readableBytes > 0 {
            switch phase {
            case .idle:
                // A client that doesn't take its answers gets no further ones; the decoder's parts can wait.
                guard isWritable else { return .unusual }
                switch PlainHead.scan(bytes, limit: front.limits.headBytes) {
                case .plain(let head):
                    bytes.moveReaderIndex(forwardBy: head.bytes.readableBytes)
                    begin(head, &bytes)
                case .incomplete: return .incomplete
                case .unusual: return .unusual
                }
            case .reading(var reading):
                // The phase must not hold a second reference while the body grows.
                phase = .answering
                let piece = bytes.readSlice(length: min(reading.missing, bytes.readableBytes)) ?? ByteBuffer()
                reading.missing -= piece.readableBytes
                reading.body.writeImmutableBuffer(piece)
                if reading.missing > 0 { phase = .reading(reading) } else { dispatch(reading) }
            // Its answer is being worked out: what comes behind it has to wait.
            case .answering: return .unusual
            case .draining:
                drained()
                return .taken
            case .eventStream, .webSocket, .closed: return .taken
            }
        }
        return .taken
    }

    private func begin(_ plain: PlainHead, _ bytes: inout ByteBuffer) {
        startedAt = .now()
        let match = plain.withBytes(plain.path) { RouteTable.match(bytes: $0, method: plain.method) }
        front.meter.add(.requestMethods(plain.method))
        let head = RequestHead(plain)
        var reading = Reading(head: head, match: match)
        reading.refusal = refusal(head, match)
        let length = plain.contentLength
        guard length <= front.limits.bodyBytes else { return refuseBody(reading) }
        if length > 0 {
            reading.body = bytes.readSlice(length: min(length, bytes.readableBytes)) ?? ByteBuffer()
            reading.missing = length - reading.body.readableBytes
        }
        guard reading.missing == 0 else {
            // Copies: a body may take its time, and the buffer it was read into is much larger.
            reading.head = RequestHead(plain.copied)
            reading.body = ByteBuffer(bytes: reading.body.readableBytesView)
            setDeadline(in: front.limits.requestTime)
            phase = .reading(reading)
            return
        }
        dispatch(reading)
    }

    /// NIO's decoder, for what isn't plain.
    func makeDecoder() -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = front.limits.headBytes
        limits.maxHeaderListSize = front.limits.headBytes
        limits.maxHeaderFieldCount = 128
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop,
            limitConfiguration: limits)
        // A decoder that has stopped behind an Upgrade or CONNECT would keep what follows without end.
        return ByteToMessageHandler(decoder, maximumBufferSize: 256 * 1024)
    }
}

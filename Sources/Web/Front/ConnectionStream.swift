public import NIOCore
public import SignalboxMetrics

/// What a connection has become once it carries a stream. Called on the connection's event loop.
public protocol ConnectionStream: AnyObject {
    /// The stream's head is written and the connection is the stream's: begin.
    func started()
    /// The socket takes more bytes again.
    func becameWritable()
    /// A message of the peer has come whole (WebSocket only).
    func received(_ payload: ByteBuffer)
    /// A deadline set with ``FrontHandler/setDeadline(in:)`` has come.
    func deadlineReached()
    /// The server shuts down: say goodbye, then call ``FrontHandler/closeStream()``.
    func shutDown()
    /// The connection is gone. Called once, whatever the reason.
    func closed(_ reason: DisconnectReason)
}

/// A request whose answer waits for something to happen. Called on the connection's event loop.
public protocol ParkedRequest: AnyObject {
    /// The time it wanted to wait is over: answer now.
    func timedOut()
    /// The server shuts down: answer now.
    func shutDown()
    /// The client went away: no answer is possible.
    func cancelled()
}

import Dispatch
import Foundation

/// Ctrl-C and SIGTERM, as something to wait for. The second Ctrl-C ends the process as usual.
enum Interruption {
    /// Yields once. From here on the first signal no longer ends the process.
    static func stream() -> AsyncStream<Void> {
        AsyncStream { continuation in
            for number in [SIGINT, SIGTERM] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                // The handler holds its source, which keeps both until the signal comes.
                source.setEventHandler {
                    signal(number, SIG_DFL)
                    source.cancel()
                    continuation.yield()
                    continuation.finish()
                }
                source.resume()
            }
        }
    }
}

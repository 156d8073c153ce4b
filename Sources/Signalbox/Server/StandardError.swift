import Foundation
import Logging

/// Standard error, a line at a time.
enum StandardError {
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// Writes log lines to standard error: time, level, message, and metadata in a fixed order.
///
/// Metadata is set by our own code and never holds anything a client sent.
struct LineLog: LogHandler {
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let time = Date().formatted(.iso8601)
        StandardError.write("\(time) \(event.level) \(event.message)\(pairs)\n")
    }
}

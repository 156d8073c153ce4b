import ArgumentParser
import Foundation
import Glibc

/// What the client's commands say.
enum Terminal {
    /// A line of what was asked for, written at once, into a pipe too.
    static func say(_ line: String) throws {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EPIPE {
                // Whoever read it has had enough, as `head` has; a shell knows this code.
                throw ExitCode(128 + SIGPIPE)
            } else if errno != EINTR {
                throw ClientError("Standard output can't be written.")
            }
        }
    }

    /// A line about what goes on.
    static func note(_ line: String) {
        // Whoever closed it doesn't want to know.
        try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
    }
}

extension String {
    /// The text for a terminal: what others wrote must not command it, nor pretend to be another line.
    var plain: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    // The joiner makes one sign of several emoji.
                    if scalar.value == 0x200d { return scalar }
                    return switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: " "
                    default: scalar
                    }
                }))
    }

    /// JSON in which what a terminal could obey is escaped; it means the same.
    var inert: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                for unit in String(scalar).utf16 {
                    let hex = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}

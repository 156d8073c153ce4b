import Foundation

/// What the client's commands say.
enum Terminal {
    /// A line of what was asked for, written at once, into a pipe too.
    static func say(_ line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }

    /// A line about what goes on.
    static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
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
}

import Foundation

/// A report couldn't be written to its file. Says what to do about it and nothing of the report.
struct ReportLogError: Error, Equatable, CustomStringConvertible {
    enum Step: Equatable {
        case open
        /// It isn't a plain file.
        case kind
        case rotate
        case write
        /// What was to be one line has a line break.
        case line
    }

    let step: Step
    let path: String
    /// The system's errno, 0 when it isn't the system that refused.
    let code: Int32

    init(_ step: Step, _ path: String, _ code: Int32 = 0) {
        self.step = step
        self.path = path
        self.code = code
    }

    var description: String {
        switch (step, code) {
        case (.open, ENOENT), (.open, ENOTDIR):
            "The folder of the report log \(path) isn't there. Make it, or set BUGS_LOG to a file elsewhere."
        case (.open, ELOOP), (.open, EISDIR), (.open, ENXIO), (.kind, _):
            "The report log \(path) isn't a plain file. Set BUGS_LOG to one that isn't a link, folder or device."
        case (.open, _):
            "The report log \(path) can't be opened: \(reason). Let the server write it, or set BUGS_LOG."
        case (.rotate, _):
            "The report log \(path) can't be renamed to \(path).1: \(reason). Move \(path).1 away."
        case (.write, ENOSPC), (.write, EDQUOT):
            "The report log \(path) can't be written: the disk is full. Free some space."
        case (.write, _): "The report log \(path) can't be written: \(reason)."
        case (.line, _): "A line for the report log \(path) has a line break in it."
        }
    }

    private var reason: String { String(cString: strerror(code)) }
}

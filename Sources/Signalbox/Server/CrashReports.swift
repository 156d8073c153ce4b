import Foundation

/// Swift's crash reports print the memory that registers point at, which in a relay may be a room's name or a
/// message. They can only be switched off by the environment a process starts with.
enum CrashReports {
    private static let variable = "SWIFT_BACKTRACE"

    /// Starts the program again with crash reports off, unless the operator set the variable.
    static func switchOff() {
        guard getenv(variable) == nil, setenv(variable, "enable=no", 1) == 0 else { return }
        // By its own name, or process lists would call it "exe".
        let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().path(percentEncoded: false)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        // Returns only when it fails; then we go on as we are.
        execv(path, arguments)
        arguments.forEach { free($0) }
    }
}

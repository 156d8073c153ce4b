import Foundation

/// What this machine is called, lowercase and without a domain: its name in a tailnet unless somebody chose
/// another.
enum TailnetNames {
    static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return name.split(separator: ".").first.map { $0.lowercased() } ?? ""
    }
}

import Foundation

/// The `process_*` metrics that every Prometheus client gives, read from /proc at the scrape.
struct ProcessReadings: Sendable {
    var cpuSeconds = 0.0
    var residentBytes = 0.0
    var virtualBytes = 0.0
    var openDescriptors = 0.0
    var maxDescriptors = 0.0
    var startSeconds = 0.0

    static let all: [(family: Family, type: String, value: any KeyPath<ProcessReadings, Double> & Sendable)] =
        [
            (Family(process: "process_cpu_seconds", "CPU time used.", "seconds"), "counter", \.cpuSeconds),
            (
                Family(process: "process_resident_memory_bytes", "Resident memory.", "bytes"), "gauge",
                \.residentBytes
            ),
            (
                Family(process: "process_virtual_memory_bytes", "Virtual memory.", "bytes"), "gauge",
                \.virtualBytes
            ),
            (Family(process: "process_open_fds", "Open file descriptors.", nil), "gauge", \.openDescriptors),
            (Family(process: "process_max_fds", "File descriptor limit.", nil), "gauge", \.maxDescriptors),
            (
                Family(process: "process_start_time_seconds", "Start of the process, Unix time.", "seconds"),
                "gauge",
                \.startSeconds
            ),
        ]

    /// - Parameter startedAt: Unix ms.
    static func now(startedAt: Int64) -> ProcessReadings {
        var readings = ProcessReadings()
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
            readings.cpuSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        }
        let page = Double(sysconf(Int32(_SC_PAGESIZE)))
        if let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) {
            let pages = statm.split(separator: " ").compactMap { Double($0) }
            if pages.count > 1 {
                (readings.virtualBytes, readings.residentBytes) = (pages[0] * page, pages[1] * page)
            }
        }
        readings.openDescriptors = Double(
            (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0)
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            readings.maxDescriptors = Double(limit.rlim_cur)
        }
        readings.startSeconds = Double(startedAt) / 1_000
        return readings
    }
}

extension Family {
    /// A family outside the `signalbox_` prefix, named as the Prometheus client libraries name it.
    fileprivate init(process name: String, _ help: String, _ unit: String?) {
        self.init(name: name, help: help, unit: unit)
    }
}

/// Memory the process has resident now, in bytes.
public func residentBytes() -> Int { Int(ProcessReadings.now(startedAt: 0).residentBytes) }

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
        let (virtual, resident) = pages()
        (readings.virtualBytes, readings.residentBytes) = (Double(virtual) * page, Double(resident) * page)
        readings.openDescriptors = Double(descriptors())
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            readings.maxDescriptors = Double(limit.rlim_cur)
        }
        readings.startSeconds = Double(startedAt) / 1_000
        return readings
    }

    /// Pages of memory in all and resident: the first two numbers of /proc/self/statm.
    private static func pages() -> (virtual: Int, resident: Int) {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return (0, 0) }
        defer { close(file) }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 128) { bytes in
            let count = read(file, bytes.baseAddress, bytes.count)
            var numbers = (0, 0)
            var spaces = 0
            for byte in bytes.prefix(max(0, count)) where spaces < 2 {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
                    spaces += 1
                    continue
                }
                let digit = Int(byte - UInt8(ascii: "0"))
                if spaces == 0 {
                    numbers.0 = numbers.0 * 10 + digit
                } else {
                    numbers.1 = numbers.1 * 10 + digit
                }
            }
            return numbers
        }
    }

    /// How many descriptors are open, without a name for each: there may be tens of thousands.
    private static func descriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // "." and "..", and the directory's own.
        return max(0, count - 3)
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

/// The Prometheus exposition: every series from the first scrape, in one of two formats.
///
/// Everything but the numbers is laid out once; a scrape copies prefixes and writes numbers, with no
/// allocation per series.
public final class Exposition: Sendable {
    /// https://prometheus.io/docs/instrumenting/exposition_formats/
    public enum Format: Sendable {
        /// Text format 0.0.4.
        case text
        /// OpenMetrics 1.0.
        case openMetrics

        /// The Content-Type; Prometheus 3 refuses a scrape without one it knows.
        public var contentType: String {
            switch self {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    private let metrics: Metrics
    private let text: [Piece]
    private let openMetrics: [Piece]

    /// - Parameter version: the program's version, for `signalbox_build_info`.
    public init(metrics: Metrics, version: BuildVersion) {
        self.metrics = metrics
        text = Self.layOut(.text, version)
        openMetrics = Self.layOut(.openMetrics, version)
    }

    /// Writes all series as they are now.
    public func write(_ format: Format) -> [UInt8] {
        let began = ContinuousClock.now
        let output = write(
            format, metrics.gauges(), ProcessReadings.now(startedAt: metrics.startedAt))
        let taken = (ContinuousClock.now - began).components
        metrics.meter.observe(
            .scrapeDuration,
            nanoseconds: UInt64(max(0, taken.seconds * 1_000_000_000 + taken.attoseconds / 1_000_000_000)))
        return output
    }

    /// The same with what is read at the moment given.
    func write(_ format: Format, _ gauges: GaugeReadings, _ process: ProcessReadings) -> [UInt8] {
        let pieces = format == .text ? text : openMetrics
        var output: [UInt8] = []
        // No number is longer than this often, and most are much shorter.
        output.reserveCapacity(pieces.reduce(16) { $0 + $1.prefix.count + 12 })
        let visits = metrics.exposedVisits.values()
        let firing = metrics.alerts.firingNames
        let meter = metrics.meter
        for piece in pieces {
            output.append(contentsOf: piece.prefix)
            switch piece.value {
            case .nothing: continue
            case .counter(let slot): output.append(decimal: meter.sinceStart(slot: slot))
            case .lifetime(let slot): output.append(decimal: meter.slots.load(slot))
            case .bucket(let first, let upTo):
                var cumulative: UInt64 = 0
                for slot in first...upTo { cumulative &+= meter.sinceStart(slot: slot) }
                output.append(decimal: cumulative)
            case .sumOfNanoseconds(let slot):
                output.append(seconds: meter.sinceStart(slot: slot))
            case .visits(let place): output.append(decimal: visits[place])
            case .alert(let name): output.append(decimal: firing.contains(name) ? 1 : 0)
            case .gauge(let gauge): output.append(float: gauges[gauge])
            case .process(let reading): output.append(float: process[keyPath: reading])
            }
            output.append(UInt8(ascii: "\n"))
        }
        if format == .openMetrics { output.append(contentsOf: "# EOF\n".utf8) }
        return output
    }

    /// Fixed text and the number that follows it.
    private struct Piece: Sendable {
        enum Number: Sendable {
            case nothing
            case counter(Int)
            case lifetime(Int)
            case bucket(first: Int, upTo: Int)
            case sumOfNanoseconds(Int)
            case visits(Int)
            case alert(AlertName)
            case gauge(Gauge)
            case process(any KeyPath<ProcessReadings, Double> & Sendable)
        }
        let prefix: [UInt8]
        let value: Number
    }

    /// All series of one family, to be written next to each other.
    private struct Block {
        let family: Family
        let type: String
        var samples: [(series: String, value: Piece.Number)]
    }

    private static func layOut(_ format: Format, _ version: BuildVersion) -> [Piece] {
        var blocks =
            counterBlocks() + [visitsBlock()] + histogramBlocks() + gaugeBlocks() + [alertBlock()]
            + processBlocks()
        blocks.sort { $0.family.name < $1.family.name }
        var pieces: [Piece] = []
        for block in blocks {
            // In OpenMetrics a counter's family has no _total; in the text format it has.
            let name =
                block.type == "counter" && format == .text ? block.family.name + "_total" : block.family.name
            var header = "# HELP \(name) \(block.family.help)\n# TYPE \(name) \(block.type)\n"
            if format == .openMetrics, let unit = block.family.unit { header += "# UNIT \(name) \(unit)\n" }
            for (index, sample) in block.samples.enumerated() {
                let prefix = (index == 0 ? header : "") + sample.series + " "
                pieces.append(Piece(prefix: Array(prefix.utf8), value: sample.value))
            }
        }
        let info =
            "# HELP signalbox_build_info The running program; always 1.\n# TYPE signalbox_build_info gauge\n"
            + "signalbox_build_info{version=\"\(version.text)\"} 1\n"
        pieces.append(Piece(prefix: Array(info.utf8), value: .nothing))
        return pieces
    }

    private static func counterBlocks() -> [Block] {
        var blocks: [Block] = []
        for counter in Counter.all {
            let family = counter.family
            let value: Piece.Number = counter.isLifetime ? .lifetime(counter.slot) : .counter(counter.slot)
            let sample = (series: SlotTable.series("\(family.name)_total", counter.labels), value: value)
            if blocks.last?.family == family {
                blocks[blocks.count - 1].samples.append(sample)
            } else {
                blocks.append(Block(family: family, type: "counter", samples: [sample]))
            }
        }
        return blocks
    }

    private static func visitsBlock() -> Block {
        let family = ExposedVisits.family
        let names = ExposedVisits.countries.map(\.text) + ["other"]
        return Block(
            family: family, type: "counter",
            samples: names.enumerated().map { place, name in
                (SlotTable.series("\(family.name)_total", [(ExposedVisits.key, name)]), .visits(place))
            })
    }

    private static func alertBlock() -> Block {
        Block(
            family: alertFamily, type: "gauge",
            samples: AlertName.inside.map {
                (SlotTable.series(alertFamily.name, [(AlertName.key, $0.text)]), .alert($0))
            })
    }
    static let alertFamily = Family("alert_firing", "Whether an alert fires inside the server; 1 or 0.")

    private static func histogramBlocks() -> [Block] {
        var blocks: [Block] = []
        for histogram in Histogram.all {
            let family = histogram.family
            let first = SlotTable.slot(histogram)
            var samples: [(series: String, value: Piece.Number)] = []
            for (index, bound) in SlotTable.bucketBounds.enumerated() {
                let series = SlotTable.series("\(family.name)_bucket", histogram.labels + [("le", bound)])
                samples.append((series, .bucket(first: first, upTo: first + index)))
            }
            let last = first + SlotTable.bucketBounds.count - 1
            samples.append(
                (
                    SlotTable.series("\(family.name)_count", histogram.labels),
                    .bucket(first: first, upTo: last)
                ))
            samples.append(
                (SlotTable.series("\(family.name)_sum", histogram.labels), .sumOfNanoseconds(last + 1)))
            if blocks.last?.family == family {
                blocks[blocks.count - 1].samples += samples
            } else {
                blocks.append(Block(family: family, type: "histogram", samples: samples))
            }
        }
        return blocks
    }

    private static func gaugeBlocks() -> [Block] {
        var blocks: [Block] = []
        for gauge in Gauge.all {
            let sample = (
                series: SlotTable.series(gauge.family.name, gauge.labels), value: Piece.Number.gauge(gauge)
            )
            if blocks.last?.family == gauge.family {
                blocks[blocks.count - 1].samples.append(sample)
            } else {
                blocks.append(Block(family: gauge.family, type: "gauge", samples: [sample]))
            }
        }
        return blocks
    }

    private static func processBlocks() -> [Block] {
        ProcessReadings.all.map { reading in
            let series = reading.type == "counter" ? "\(reading.family.name)_total" : reading.family.name
            return Block(
                family: reading.family, type: reading.type, samples: [(series, .process(reading.value))])
        }
    }
}

extension Counter {
    /// Read as a total for ever in the exposition too: an alert on these compares runs, and a restart must
    /// not hide the very step it is about.
    var isLifetime: Bool {
        [.processStarts, .uncleanShutdowns, .missedSamples, .storeSetAside].contains(self)
    }
}

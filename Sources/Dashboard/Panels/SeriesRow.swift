/// A row of a chart's table twin.
struct SeriesRow {
    /// Unix ms, for the script.
    let t: Int64
    let time: String
    let values: [String]
}

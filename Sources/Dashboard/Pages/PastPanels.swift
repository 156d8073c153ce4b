/// What the page shows of the past: most of its work, and the same for everybody until something is written.
struct PastPanels: Sendable {
    /// Charts, map and their tables, as HTML.
    let html: String
    let store: StoreFacts
}

/// A link that changes what a panel shows.
struct PanelLink {
    let href: String
    let label: String
    /// Whether the panel shows that already.
    let isCurrent: Bool
}
